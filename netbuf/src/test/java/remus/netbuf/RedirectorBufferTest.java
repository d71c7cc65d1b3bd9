package remus.netbuf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DomainException;

final class RedirectorBufferTest extends NetBufferContract {
    private static final int LIMIT_BYTES = 128 << 10;

    @TempDir Path directory;
    private final FakeQemu qemu = new FakeQemu();
    private RedirectorBuffer attached;

    @Override
    NetBuffer attach(int limitBytes) {
        attached = newBuffer();
        attached.attach();
        return attached;
    }

    private RedirectorBuffer newBuffer() {
        long self = ProcessHandle.current().pid();
        return new RedirectorBuffer(qemu, self, "n0", directory, LIMIT_BYTES);
    }

    @Override
    void guestSends(String packet) {
        qemu.guestSends(packet);
    }

    @Override
    List<String> sent() {
        return qemu.sent();
    }

    @Override
    void wayOutOpen(boolean open) {
        qemu.reading(open);
    }

    @Override
    int limitBytes() {
        return LIMIT_BYTES;
    }

    @AfterEach
    void closeQemu() {
        qemu.close();
    }

    @Test
    void addsTheInjectorBeforeTheCollector() {
        assertThat(qemu.objects()).containsExactly("remus-n0-injector", "remus-n0-collector");
    }

    @Test
    void detachLeavesNothingBehind() {
        attached.detach();
        assertThat(qemu.objects()).isEmpty();
        assertThat(qemu.chardevs()).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void raisesTheSendBufferOfTheOtherEnd() {
        assertThat(attached.sendBufferBytes()).isGreaterThan(212_992);
    }

    @Test
    void listensNoLongerThanItTakesToConnect() {
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void reattachesToFiltersOfAnEarlierLife() throws Exception {
        attached.close();
        int commandsBefore = qemu.commands().size();
        NetBuffer again = newBuffer();
        Thread reconnecting =
                new Thread(
                        () -> {
                            await(() -> Files.exists(socket("injector")));
                            qemu.reconnect("remus-n0-collector");
                            qemu.reconnect("remus-n0-injector");
                        });
        reconnecting.start();
        again.attach();
        reconnecting.join();

        assertThat(qemu.objects()).containsExactly("remus-n0-injector", "remus-n0-collector");
        List<String> commands = qemu.commands().subList(commandsBefore, qemu.commands().size());
        assertThat(commands).containsOnlyOnce("object-del", "object-add");
        qemu.guestSends("after the new life");
        await(() -> again.stats().heldPackets() == 1);
        again.preresume(1);
        again.commit(1);
        await(() -> qemu.sent().equals(List.of("after the new life")));
        again.close();
    }

    private Path socket(String role) {
        return directory.resolve("remus-n0-" + role + ".sock");
    }

    @Test
    void undoesAnAttachmentThatFailsHalfway() {
        attached.detach();
        qemu.refuse("object-add remus-n0-collector");
        try (NetBuffer refused = newBuffer()) {
            assertThatThrownBy(refused::attach)
                    .isInstanceOfSatisfying(
                            DomainException.class,
                            e -> assertThat(e.code()).isEqualTo("netbuf-refused"));
        }
        assertThat(qemu.objects()).isEmpty();
        assertThat(qemu.chardevs()).isEmpty();
    }

    @Test
    void packetSplitOverReadsIsTakenWhole() {
        ByteBuffer framed = ByteBuffer.allocate(9).putInt(5).put("hello".getBytes(UTF_8)).flip();
        qemu.guestStream(framed.slice(0, 2));
        qemu.guestStream(framed.slice(2, 4));
        attached.preresume(1);
        qemu.guestStream(framed.slice(6, 3));
        await(() -> attached.stats().heldPackets() == 1);
        attached.commit(1);
        assertThat(attached.stats().heldPackets()).isEqualTo(1);
        attached.preresume(2);
        attached.commit(2);
        await(() -> qemu.sent().equals(List.of("hello")));
    }

    @Test
    void brokenStreamIsReportedAndStaysHeld() {
        qemu.guestStream(ByteBuffer.allocate(4).putInt(Collector.MAX_PACKET_BYTES + 1).flip());
        await(
                () -> {
                    try {
                        attached.preresume(1);
                        return false;
                    } catch (DomainException e) {
                        return e.code().equals("netbuf-broken")
                                && e.getMessage().contains("broken packet stream");
                    }
                });
        assertThat(qemu.objects()).contains("remus-n0-collector");
    }
}
