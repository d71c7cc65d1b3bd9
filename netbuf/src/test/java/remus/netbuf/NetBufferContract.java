package remus.netbuf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every network buffer promises, whatever carries its packets. */
@Timeout(30)
abstract class NetBufferContract {
    private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private NetBuffer buffer;

    /** A buffer, attached to a guest, that keeps {@code limitBytes}. */
    abstract NetBuffer attach(int limitBytes);

    /** The guest sends a packet. */
    abstract void guestSends(String packet);

    /** What left, in order. */
    abstract List<String> sent();

    /** Whether the way out takes packets at all. */
    abstract void wayOutOpen(boolean open);

    abstract int limitBytes();

    @BeforeEach
    void attachBuffer() {
        buffer = attach(limitBytes());
    }

    @AfterEach
    void closeBuffer() {
        buffer.close();
    }

    @Test
    void releasesNothingBeforeCommit() {
        send("one", "two");
        buffer.preresume(1);
        assertThat(sent()).isEmpty();
        assertThat(buffer.stats().heldPackets()).isEqualTo(2);

        buffer.commit(0);
        send("three");
        assertThat(sent()).isEmpty();

        buffer.commit(1);
        awaitSent("one", "two");
        assertThat(buffer.stats().heldPackets()).isEqualTo(1);
    }

    @Test
    void releasesInOrder() {
        List<String> all = new ArrayList<>();
        for (int epoch = 1; epoch <= 50; epoch++) {
            for (int i = 0; i < 20; i++) {
                all.add("packet " + epoch + "/" + i);
                guestSends("packet " + epoch + "/" + i);
            }
            awaitSeen(epoch * 20L);
            buffer.preresume(epoch);
            buffer.commit(epoch - 1);
        }
        buffer.commit(50);
        awaitSent(all.toArray(String[]::new));
        assertThat(buffer.stats().releasedPackets()).isEqualTo(1000);
    }

    @Test
    void holdsWhatCameAfterTheCommittedEpoch() {
        send("of epoch 1");
        buffer.preresume(1);
        send("of epoch 2");
        buffer.preresume(2);
        send("of no epoch yet");
        buffer.commit(1);
        awaitSent("of epoch 1");
        assertThat(buffer.stats().heldPackets()).isEqualTo(2);
    }

    @Test
    void voidedEpochLeavesWithTheNext() {
        send("of the voided epoch");
        buffer.preresume(1);
        send("of the next");
        buffer.preresume(2);
        buffer.commit(2);
        awaitSent("of the voided epoch", "of the next");
    }

    @Test
    void arpAndIpv6AreHeldToo() {
        String arp = "\u007f\u007f\u007f\u007f\u007f\u007fRT\u00004Vx\u0008\u0006";
        String neighbourDiscovery = "33\u0000\u0000\u0000\u0016RT\u00004Vx\u0007\u0005`";
        send(arp, neighbourDiscovery);
        buffer.preresume(1);
        assertThat(sent()).isEmpty();
        buffer.commit(1);
        awaitSent(arp, neighbourDiscovery);
    }

    @Test
    void holdsManyEpochsWithoutACommit() {
        for (int epoch = 1; epoch <= 3000; epoch++) {
            buffer.preresume(epoch);
        }
        send("late");
        buffer.preresume(3001);
        buffer.commit(3000);
        assertThat(sent()).isEmpty();
        buffer.commit(3001);
        awaitSent("late");
    }

    @Test
    void dropsWholePacketsOnlyAtTheLimitAndCounts() {
        List<String> kept = fillUntilDropped();
        assertThat(buffer.stats().heldBytes()).isGreaterThan(limitBytes() - 2000L);
        buffer.preresume(1);
        buffer.commit(1);
        awaitSent(kept.toArray(String[]::new));
        send("room again");
        buffer.preresume(2);
        buffer.commit(2);
        kept.add("room again");
        awaitSent(kept.toArray(String[]::new));
    }

    @Test
    void pressureComesBeforeTheLimitAndOncePerEpoch() throws InterruptedException {
        CountDownLatch pressed = new CountDownLatch(2);
        AtomicLong heldBytesAtFirst = new AtomicLong();
        buffer.onPressure(
                () -> {
                    heldBytesAtFirst.compareAndSet(0, buffer.stats().heldBytes());
                    pressed.countDown();
                });
        fillUntilDropped();
        assertThat(pressed.getCount()).isEqualTo(1);
        assertThat(heldBytesAtFirst.get()).isBetween(limitBytes() / 2L, limitBytes() / 2L + 2000);
        buffer.preresume(1);
        guestSends("still above half");
        assertThat(pressed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void readerNeverWaitsForABlockedWayOut() {
        wayOutOpen(false);
        List<String> kept = new ArrayList<>();
        for (int epoch = 1; buffer.stats().droppedPackets() == 0; epoch++) {
            String packet = epoch + " " + "x".repeat(1000);
            send(packet);
            if (buffer.stats().droppedPackets() == 0) {
                kept.add(packet);
            }
            buffer.preresume(epoch);
            buffer.commit(epoch);
        }
        wayOutOpen(true);
        awaitSent(kept.toArray(String[]::new));
    }

    @Test
    void discardForgetsAndKeepsHolding() {
        send("lost");
        buffer.preresume(1);
        buffer.discard();
        send("lost too");
        buffer.preresume(2);
        buffer.commit(2);
        assertThat(buffer.stats().discardedPackets()).isEqualTo(2);
        assertThat(buffer.stats().heldPackets()).isZero();
        assertThat(sent()).isEmpty();
    }

    @Test
    void detachLosesNothing() {
        send("marked");
        buffer.preresume(1);
        send("not marked");
        buffer.detach();
        guestSends("free");
        awaitSent("marked", "not marked", "free");
    }

    @Test
    void detachAfterDiscardLetsTheGuestSpeakAgain() {
        send("lost");
        buffer.discard();
        buffer.detach();
        guestSends("free");
        awaitSent("free");
    }

    @Test
    void closeIsIdempotentAndKeepsHeldWhatIsHeld() {
        send("held");
        buffer.preresume(1);
        buffer.close();
        buffer.close();
        assertThat(sent()).isEmpty();
    }

    private List<String> fillUntilDropped() {
        List<String> kept = new ArrayList<>();
        for (int i = 0; buffer.stats().droppedPackets() == 0; i++) {
            String packet = i + " " + "x".repeat(1000);
            send(packet);
            if (buffer.stats().droppedPackets() == 0) {
                kept.add(packet);
            }
        }
        return kept;
    }

    private void send(String... packets) {
        for (String packet : packets) {
            long before = seen();
            guestSends(packet);
            awaitSeen(before + 1);
        }
    }

    private long seen() {
        NetBuffer.Stats stats = buffer.stats();
        return stats.heldPackets()
                + stats.releasedPackets()
                + stats.droppedPackets()
                + stats.discardedPackets();
    }

    private void awaitSeen(long packets) {
        await(() -> seen() >= packets);
    }

    private void awaitSent(String... packets) {
        await(() -> sent().size() >= packets.length);
        assertThat(sent()).containsExactly(packets);
    }

    static void await(BooleanSupplier happened) {
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (!happened.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("time left").isNegative();
            LockSupport.parkNanos(100_000);
        }
    }
}
