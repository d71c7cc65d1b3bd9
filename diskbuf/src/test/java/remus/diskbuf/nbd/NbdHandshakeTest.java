package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NbdHandshakeTest {
    private Client client = Client.haggling(new LateExport(false));

    @AfterEach
    void leaksNothing() {
        client.close();
    }

    private void reopen(Client other) {
        client.close();
        client = other;
    }

    @Test
    void greetsInFixedNewstyle() {
        reopen(Client.greeted(new LateExport(false)));
        ByteBuf greeting = client.take(18);
        assertThat(greeting.readLong()).isEqualTo(Nbd.SERVER_MAGIC);
        assertThat(greeting.readLong()).isEqualTo(Nbd.OPTION_MAGIC);
        assertThat(greeting.readShort()).isEqualTo((short) 3);
    }

    @Test
    void closesOnUnknownClientFlags() {
        reopen(Client.greeted(new LateExport(false)));
        client.send(Unpooled.buffer().writeInt(7));
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void goTellsSizeFlagsAndWhatWasAsked() {
        client.option(Nbd.OPT_GO, Client.go("disk", Nbd.INFO_BLOCK_SIZE, Nbd.INFO_NAME, 77));
        assertThat(client.optionReplies())
                .containsExactly(
                        "7 EXPORT " + (1L << 40) + " 0xc6d",
                        "7 NAME disk",
                        "7 BLOCKS 1 4096 33554432",
                        "7 ACK");
    }

    @Test
    void offersNoWritesOnAReadOnlyExport() {
        reopen(Client.haggling(new LateExport(true)));
        client.option(Nbd.OPT_INFO, Client.go(""));
        assertThat(client.optionReplies())
                .containsExactly("6 EXPORT " + (1L << 40) + " 0x40f", "6 ACK");
    }

    @Test
    void infoLeavesTheHandshakeOpen() {
        client.option(Nbd.OPT_INFO, Client.go(""));
        client.option(Nbd.OPT_LIST, Unpooled.EMPTY_BUFFER);
        assertThat(client.optionReplies()).endsWith("6 ACK", "3 SERVER disk", "3 ACK");
    }

    @Test
    void refusesAnUnknownExportAndGoesOn() {
        client.option(Nbd.OPT_GO, Client.go("other"));
        client.option(Nbd.OPT_SET_META_CONTEXT, Client.query("other", Nbd.BASE_ALLOCATION));
        client.option(Nbd.OPT_STRUCTURED_REPLY, Unpooled.EMPTY_BUFFER);
        client.option(Nbd.OPT_SET_META_CONTEXT, Client.query("other", Nbd.BASE_ALLOCATION));
        client.option(Nbd.OPT_GO, Client.go("disk"));
        assertThat(client.optionReplies())
                .startsWith("7 UNKNOWN", "10 INVALID", "8 ACK", "10 UNKNOWN")
                .endsWith("7 ACK");
    }

    @Test
    void exportNamePadsUnlessAskedNotTo() {
        client.option(Nbd.OPT_EXPORT_NAME, Unpooled.copiedBuffer("disk", StandardCharsets.UTF_8));
        assertThat(client.receivedBytes()).isEqualTo(10);
        reopen(Client.greeted(new LateExport(false)));
        client.take(18);
        client.send(Unpooled.buffer().writeInt(Nbd.FIXED_NEWSTYLE));
        client.option(Nbd.OPT_EXPORT_NAME, Unpooled.EMPTY_BUFFER);
        assertThat(client.receivedBytes()).isEqualTo(134);
    }

    @Test
    void exportNameOfNoExportCloses() {
        client.option(Nbd.OPT_EXPORT_NAME, Unpooled.copiedBuffer("no", StandardCharsets.UTF_8));
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void clientWithoutFixedNewstyleMayOnlyNameItsExport() {
        reopen(Client.greeted(new LateExport(false)));
        client.send(Unpooled.buffer().writeInt(0));
        client.option(Nbd.OPT_LIST, Unpooled.EMPTY_BUFFER);
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void abortIsAcknowledgedAndCloses() {
        client.option(Nbd.OPT_ABORT, Unpooled.EMPTY_BUFFER);
        assertThat(client.optionReplies()).containsExactly("2 ACK");
        assertThat(client.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 11, 12, 1000})
    void answersUnknownOptionsAndConsumesTheirBody(int option) {
        client.option(option, Unpooled.buffer().writeZero(3000));
        client.option(Nbd.OPT_LIST, Unpooled.EMPTY_BUFFER);
        assertThat(client.optionReplies())
                .containsExactly(option + " UNSUP", "3 SERVER disk", "3 ACK");
    }

    @Test
    void refusesTlsByPolicy() {
        client.option(Nbd.OPT_STARTTLS, Unpooled.EMPTY_BUFFER);
        assertThat(client.optionReplies()).containsExactly("5 POLICY");
    }

    @Test
    void contextsAreListedAndSetByTheirNames() {
        client.option(Nbd.OPT_STRUCTURED_REPLY, Unpooled.EMPTY_BUFFER);
        client.option(Nbd.OPT_LIST_META_CONTEXT, Client.query("disk"));
        client.option(Nbd.OPT_LIST_META_CONTEXT, Client.query("disk", "base:"));
        client.option(Nbd.OPT_LIST_META_CONTEXT, Client.query("disk", "qemu:"));
        client.option(Nbd.OPT_SET_META_CONTEXT, Client.query("disk", "base:"));
        client.option(Nbd.OPT_SET_META_CONTEXT, Client.query("disk", "x:y", "base:allocation"));
        assertThat(client.optionReplies())
                .containsExactly(
                        "8 ACK",
                        "9 CONTEXT 0 base:allocation",
                        "9 ACK",
                        "9 CONTEXT 0 base:allocation",
                        "9 ACK",
                        "9 ACK",
                        "10 ACK",
                        "10 CONTEXT 1 base:allocation",
                        "10 ACK");
    }

    @Test
    void malformedBodiesAreInvalidAndTheHandshakeGoesOn() {
        client.option(Nbd.OPT_LIST, Unpooled.buffer().writeZero(1));
        client.option(Nbd.OPT_STRUCTURED_REPLY, Unpooled.buffer().writeZero(1));
        client.option(Nbd.OPT_GO, Unpooled.buffer().writeInt(5000).writeZero(6000));
        client.option(Nbd.OPT_GO, Unpooled.buffer().writeInt(Integer.MAX_VALUE));
        client.option(Nbd.OPT_GO, Client.go("disk").writeByte(0));
        client.option(Nbd.OPT_STRUCTURED_REPLY, Unpooled.EMPTY_BUFFER);
        client.option(Nbd.OPT_SET_META_CONTEXT, Client.string("disk").writeInt(Integer.MAX_VALUE));
        assertThat(client.optionReplies())
                .containsExactly(
                        "3 INVALID",
                        "8 INVALID",
                        "7 INVALID",
                        "7 INVALID",
                        "7 INVALID",
                        "8 ACK",
                        "10 INVALID");
    }

    @Test
    void longBodiesAreDroppedAsTheyCome() {
        int length = NbdHandshake.MAX_BODY_BYTES + 1;
        client.send(Unpooled.buffer().writeLong(Nbd.OPTION_MAGIC).writeInt(6).writeInt(length));
        assertThat(client.optionReplies()).containsExactly("6 TOO_BIG");
        client.send(Unpooled.buffer().writeZero(length - 1));
        client.send(Unpooled.buffer().writeZero(1));
        client.option(Nbd.OPT_LIST, Unpooled.EMPTY_BUFFER);
        assertThat(client.optionReplies()).containsExactly("3 SERVER disk", "3 ACK");
    }

    @Test
    void impossibleLengthsAndMagicsClose() {
        client.send(Unpooled.buffer().writeLong(Nbd.OPTION_MAGIC).writeInt(6).writeInt(-1));
        assertThat(client.isOpen()).isFalse();
        reopen(Client.haggling(new LateExport(false)));
        client.send(Unpooled.buffer().writeLong(Nbd.OPTION_MAGIC + 1).writeLong(0));
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void whoChoosesNothingIsClosed() {
        client.channel.advanceTimeBy(NbdHandshake.PATIENCE_SECONDS - 1, TimeUnit.SECONDS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isOpen()).isTrue();
        client.channel.advanceTimeBy(1, TimeUnit.SECONDS);
        client.channel.runScheduledPendingTasks();
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void requestsBehindTheLastOptionAreNotLost() {
        LateExport export = new LateExport(false);
        reopen(Client.haggling(export));
        ByteBuf go = Client.go("");
        client.send(
                Unpooled.buffer()
                        .writeLong(Nbd.OPTION_MAGIC)
                        .writeInt(Nbd.OPT_GO)
                        .writeInt(go.readableBytes())
                        .writeBytes(go)
                        .writeBytes(Client.request(3, 0, 5, 0, 0)));
        assertThat(export.calls).containsExactly("flush");
    }
}
