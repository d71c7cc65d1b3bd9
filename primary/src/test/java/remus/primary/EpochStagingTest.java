package remus.primary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;
import remus.domain.SlabPool;
import remus.protocol.Frame;
import remus.protocol.PeerLink;

class EpochStagingTest {
    private static final long PATIENCE_NANOS = 20_000_000;

    private final SlabPool pool = new SlabPool(1);
    private final EpochSender sender = new EpochSender(() -> 0);
    private final EpochStaging staging =
            new EpochStaging(pool, sender, PATIENCE_NANOS)
                    .into(new EpochInFlight(1, new EpochTimeline(), 1), 0);

    /** A wire that writes a frame when it is told to. */
    private static final class Wire implements PeerLink {
        final Queue<Runnable> unwritten = new ArrayDeque<>();
        private final boolean takes;

        Wire(boolean takes) {
            this.takes = takes;
        }

        @Override
        public void send(Frame frame, Runnable onWritten) {
            if (takes) {
                onWritten.run();
            } else {
                unwritten.add(onWritten);
            }
        }

        @Override
        public long pendingBytes() {
            return 0;
        }

        @Override
        public void reading(boolean on) {}

        @Override
        public void close() {}

        @Override
        public String peer() {
            return "peer:1";
        }
    }

    private void useUp() {
        int capacity = pool.capacity();
        for (int i = 0; i < capacity; i++) {
            staging.nextPages(0);
        }
        assertThat(pool.available()).isZero();
    }

    @Test
    void usedUpStagingIsSpilledAndGoesOn() {
        sender.link(new Wire(true));
        useUp();
        assertThat(staging.nextPages(0)).isNotNull();
    }

    @Test
    void stagingThatTheBackupTakesNothingOfIsGivenUpAfterPatience() {
        Wire wire = new Wire(false);
        sender.link(wire);
        useUp();
        long began = System.nanoTime();
        assertThatThrownBy(() -> staging.nextPages(0))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("staging-exhausted"));
        assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(PATIENCE_NANOS);
        assertThat(wire.unwritten).as("what was sent for room").hasSize(pool.capacity());
    }

    @Test
    void whatIsSentAheadLeavesHalfOfTheStagingFree() {
        sender.link(new Wire(true));
        for (int i = 0; i < pool.capacity() / 2; i++) {
            assertThat(pool.poll()).as("of an epoch in flight").isNotNull();
        }
        staging.nextPages(0);
        staging.nextPages(0);
        staging.sendAhead();
        assertThat(pool.available()).isEqualTo(pool.capacity() / 2);
        assertThat(staging.slabs()).isEmpty();
    }

    @Test
    void whatIsSentAheadWaitsForTheWire() {
        Wire wire = new Wire(false);
        sender.link(wire);
        useUp();
        assertThatThrownBy(staging::sendAhead)
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("staging-exhausted"));
        assertThat(wire.unwritten).hasSize(pool.capacity());
    }

    @Test
    void withoutAConnectionNobodyWaits() {
        useUp();
        assertThatThrownBy(() -> staging.nextPages(0))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("staging-exhausted"));
    }
}
