package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NbdTransmissionTest {
    private static final long MIB = 1 << 20;

    private LateExport export = new LateExport(false);
    private Client client = Client.connected(export, true);

    @AfterEach
    void leaksNothing() {
        client.close();
    }

    private void reopen(boolean readOnly, boolean structured) {
        client.close();
        export = new LateExport(readOnly);
        client = Client.connected(export, structured);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void completeAll() {
        for (Completion each : List.copyOf(export.pending)) {
            export.pending.remove(each);
            each.done();
        }
    }

    @Test
    void exportsMayAnswerLaterAndInAnyOrder() {
        client.send(Client.write(1, 0, bytes("one")));
        client.send(Client.write(2, 4096, bytes("two")));
        client.send(Client.request(0, 0, 3, 10, 2));
        assertThat(client.replies()).isEmpty();
        export.pending.get(1).done();
        export.pending.get(2).done();
        export.pending.get(0).fail(NbdError.ENOSPC);
        assertThat(export.calls).containsExactly("write 0 one", "write 4096 two", "read 10 2");
        assertThat(client.replies())
                .containsExactlyInAnyOrder("2 ok", "3 data @10 \0\0", "1 error 28");
    }

    @Test
    void completionsFromOtherThreadsAreAnswered() throws InterruptedException {
        for (int i = 0; i < 50; i++) {
            client.send(Client.write(i, 0, bytes("x")));
        }
        Thread other = new Thread(this::completeAll);
        other.start();
        other.join();
        assertThat(client.replies()).hasSize(50).contains("0 ok", "49 ok");
    }

    @Test
    void aSecondCompletionIsABug() {
        client.send(Client.write(1, 0, bytes("one")));
        export.pending.get(0).done();
        assertThatThrownBy(() -> export.pending.get(0).done())
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void simpleRepliesWhereNothingElseWasAgreed() {
        reopen(false, false);
        client.send(Client.request(0, 0, 9, 0, 3));
        completeAll();
        ByteBuf reply = client.take(19);
        assertThat(reply.readInt()).isEqualTo(Nbd.SIMPLE_REPLY_MAGIC);
        assertThat(reply.readInt()).isZero();
        assertThat(reply.readLong()).isEqualTo(9);
        client.send(Client.request(0, Nbd.DF, 10, 0, 3));
        client.send(Client.request(7, 0, 11, 0, 3));
        assertThat(client.replies()).containsExactly("10 error 22", "11 error 22");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 1099511627775, 2, chunk error 22", // read beyond the end
        "0, 0, 0, 33554433, chunk error 22", // more than was advertised
        "0, 0, -1, 1, chunk error 22",
        "0, 2, 0, 1, chunk error 22", // a flag that is not for reads
        "0, 0, 5, 0, none",
        "4, 0, 1099511627776, 1, error 22",
        "4, 0, 1099511627776, 0, ok",
        "5, 0, 1099511627776, 1, error 22",
        "6, 0, 1099511627776, 1, error 28",
        "6, 32, 0, 1, error 22",
        "7, 0, 0, 0, chunk error 22",
        "7, 0, 1099511627776, 1, chunk error 22",
        "8, 0, 0, 0, error 22", // no such command
        "3, 4, 0, 0, error 22"
    })
    void refusesBeforeTheExportHearsOfIt(
            int command, int flags, long offset, long length, String outcome) {
        client.send(Client.request(command, flags, 4, offset, length));
        assertThat(client.replies()).containsExactly("4 " + outcome);
        assertThat(export.calls).isEmpty();
    }

    @Test
    void payloadsOfRefusedWritesFlowBy() {
        client.send(Client.write(1, (1L << 40) - 1, bytes("xy")));
        client.send(Client.request(1, 0, 2, 0, 40 * MIB));
        for (int i = 0; i < 40; i++) {
            client.send(Unpooled.wrappedBuffer(new byte[(int) MIB]));
        }
        client.send(Client.request(1, Nbd.DF, 3, 0, 1).writeByte(0));
        client.send(Client.write(4, 0, bytes("good")));
        assertThat(export.calls).containsExactly("write 0 good");
        assertThat(client.replies()).containsExactly("1 error 28", "2 error 22", "3 error 22");
    }

    @Test
    void readOnlyExportsTakeNoWrites() {
        reopen(true, true);
        client.send(Client.write(1, 0, bytes("xy")));
        client.send(Client.request(4, 0, 2, 0, 1));
        client.send(Client.request(6, 0, 3, 0, 1));
        client.send(Client.request(3, 0, 4, 0, 0));
        assertThat(export.calls).containsExactly("flush");
        assertThat(client.replies()).containsExactly("1 error 1", "2 error 1", "3 error 1");
    }

    @Test
    void flagsReachTheExport() {
        client.send(Client.request(1, Nbd.FUA, 1, 0, 1).writeByte('f'));
        client.send(Client.request(4, Nbd.FUA, 2, 0, 8));
        client.send(Client.request(6, 0, 3, 0, 8));
        client.send(Client.request(6, Nbd.NO_HOLE | Nbd.FAST_ZERO | Nbd.FUA, 4, 0, 8));
        client.send(Client.request(5, 0, 5, 0, 8));
        assertThat(export.calls)
                .containsExactly(
                        "write 0 f durable",
                        "trim 0 8 true",
                        "zero 0 8 true false false",
                        "zero 0 8 false true true",
                        "cache 0 8");
    }

    @Test
    void tellsWhereDataIs() {
        client.send(Client.request(7, 0, 1, 4096, 0xffff_ffffL));
        completeAll();
        assertThat(client.replies()).containsExactly("1 status 1 4294967295:0");
    }

    @Test
    void unknownMagicCloses() {
        client.send(Unpooled.buffer().writeLong(1).writeLong(2).writeLong(3).writeInt(4));
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void disconnectWaitsForWhatIsInFlight() {
        client.send(Client.write(1, 0, bytes("one")));
        client.send(Client.request(2, 0, 2, 0, 0).writeBytes(Client.write(3, 0, bytes("late"))));
        assertThat(client.isOpen()).isTrue();
        completeAll();
        assertThat(client.replies()).containsExactly("1 ok");
        assertThat(client.isOpen()).isFalse();
        assertThat(export.calls).containsExactly("write 0 one");
    }

    @Test
    void requestsInFlightAreBounded() {
        for (int i = 0; i < 2 * NbdTransmission.MAX_REQUESTS; i++) {
            client.send(Client.write(i, 0, bytes("x")));
        }
        assertThat(export.calls).hasSize(NbdTransmission.MAX_REQUESTS);
        assertThat(client.channel.config().isAutoRead()).isFalse();
        completeAll();
        client.receivedBytes();
        assertThat(export.calls).hasSize(2 * NbdTransmission.MAX_REQUESTS);
        completeAll();
        assertThat(client.replies()).hasSize(2 * NbdTransmission.MAX_REQUESTS);
        assertThat(client.channel.config().isAutoRead()).isTrue();
    }

    @Test
    void bytesInFlightAreBoundedBeforeTheyAreAllocated() {
        for (int i = 0; i < 4; i++) {
            client.send(Client.request(0, 0, i, 0, 32 * MIB));
        }
        client.send(Client.request(1, 0, 9, 0, 32 * MIB));
        assertThat(export.calls).hasSize(2);
        export.pending.remove(0).done();
        client.channel.runPendingTasks();
        assertThat(client.channel.<ByteBuf>readOutbound()).isNotNull().satisfies(ByteBuf::release);
        assertThat(export.calls).hasSize(3);
        while (export.calls.size() < 4) {
            completeAll();
            client.channel.runPendingTasks();
        }
        completeAll();
    }

    @Test
    void payloadsAreReadStraightIntoTheirPlace() {
        int length = 3 * (int) MIB;
        client.send(Client.request(1, 0, 1, 0, length));
        int direct = 0;
        for (ByteBuf next = client.decoder.filling();
                next != null;
                next = client.decoder.filling()) {
            assertThat(next.capacity()).isEqualTo(length);
            int bytes = Math.min(next.writableBytes(), 100_000);
            next.writeZero(bytes);
            direct += bytes;
            client.channel.writeInbound(next.retain());
        }
        assertThat(direct).isGreaterThan(length - NbdRequestDecoder.MIN_DIRECT_BYTES);
        client.send(Unpooled.buffer().writeZero(length - direct));
        assertThat(export.calls).containsExactly("write 0 " + length + " bytes");
    }

    @Test
    void requestsMayComeInAnyPieces() {
        ByteBuf all =
                Unpooled.wrappedBuffer(
                        Client.write(1, 0, bytes("one")),
                        Client.request(3, 0, 2, 0, 0),
                        Client.write(3, 7, bytes("three")));
        while (all.isReadable()) {
            client.send(all.readSlice(1));
        }
        assertThat(export.calls).containsExactly("write 0 one", "flush", "write 7 three");
    }

    @Test
    void aLostConnectionWaitsForNobody() {
        client.send(Client.request(0, 0, 1, 0, 4096));
        client.send(Client.request(1, 0, 2, 0, MIB));
        client.channel.close().syncUninterruptibly();
        completeAll();
        client.channel.runPendingTasks();
        assertThat(export.calls).containsExactly("read 0 4096");
    }
}
