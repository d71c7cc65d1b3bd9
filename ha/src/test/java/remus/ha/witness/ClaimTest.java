package remus.ha.witness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import remus.ha.Mailbox;
import remus.ha.Reason;
import remus.ha.witness.Claim.State;
import remus.ha.witness.WitnessRecord.Mode;

final class ClaimTest {
    private static final String GROUP = new UUID(1, 2).toString();
    private static final long SECOND = 1_000_000_000;

    private long now;

    /** A host that claims. */
    private final class Claimant implements Claim.Listener {
        final Mailbox mailbox = new Mailbox();
        final List<String> heard = new ArrayList<>();
        final Claim claim;

        Claimant(Witness witness, Goal goal, long seenTerm) {
            claim = new Claim(witness, GROUP, goal, seenTerm, mailbox, () -> now, this);
        }

        void step() {
            mailbox.drain();
            claim.step(now);
        }

        @Override
        public void won(WitnessRecord record) {
            heard.add("won " + record.term());
        }

        @Override
        public void lost(WitnessRecord record) {
            heard.add("lost " + record.term());
        }

        @Override
        public void stuck(Reason why) {
            heard.add(why.code());
        }
    }

    private void settle(FakeWitness witness, Claimant claimant) {
        for (int i = 0; i < 20; i++) {
            claimant.step();
            witness.deliver();
        }
        claimant.step();
    }

    private static FakeWitness holding(Mode mode, String owner, long incarnation) {
        FakeWitness witness = new FakeWitness();
        witness.records.put(GROUP, new WitnessRecord(GROUP, 7, mode, owner, incarnation, 0));
        return witness;
    }

    private static Goal goAlone() {
        return new Goal.GoAlone(GROUP, "a", false, 99);
    }

    @Test
    void protectionMakesTheFirstRecord() {
        FakeWitness witness = new FakeWitness();
        Claimant a = new Claimant(witness, new Goal.GoAlone(GROUP, "a", true, 5), 0);
        settle(witness, a);
        assertThat(a.heard).containsExactly("won 1");
        assertThat(witness.records.get(GROUP))
                .isEqualTo(new WitnessRecord(GROUP, 1, Mode.ALONE, "a", 0, 5));
    }

    @Test
    void backupTakesOverFromTheRecordOfItsCopy() {
        FakeWitness witness = holding(Mode.PROTECTED, "a", 3);
        Claimant b = new Claimant(witness, new Goal.TakeOver("b", 3), 0);
        settle(witness, b);
        assertThat(b.claim.state()).isEqualTo(State.WON);
        assertThat(witness.records.get(GROUP).owner()).isEqualTo("b");
    }

    @Test
    void backupNeverTakesOverFromARecordOfAnotherProtection() {
        for (FakeWitness witness :
                List.of(
                        holding(Mode.PROTECTED, "a", 4),
                        holding(Mode.ALONE, "a", 3),
                        holding(Mode.OFF, "a", 3))) {
            Claimant b = new Claimant(witness, new Goal.TakeOver("b", 3), 0);
            settle(witness, b);
            assertThat(b.heard).containsExactly("lost 7");
        }
    }

    @Test
    void nobodyDecidesByAWitnessThatHasForgotten() {
        FakeWitness wiped = new FakeWitness();
        Claimant a = new Claimant(wiped, goAlone(), 8);
        settle(wiped, a);
        assertThat(a.heard).containsOnly("witness-forgot");
        FakeWitness restored = holding(Mode.PROTECTED, "a", 3);
        Claimant late = new Claimant(restored, goAlone(), 8);
        settle(restored, late);
        assertThat(late.heard).containsOnly("witness-forgot");
        assertThat(late.claim.isOver()).isFalse();
    }

    @Test
    void waitsForTheWitnessAndMayBeWithdrawnMeanwhile() {
        FakeWitness witness = holding(Mode.PROTECTED, "a", 3);
        witness.live = false;
        Claimant b = new Claimant(witness, new Goal.TakeOver("b", 3), 0);
        settle(witness, b);
        assertThat(b.heard).containsOnly("witness-away");
        assertThat(b.claim.withdraw()).isTrue();
        witness.live = true;
        now += SECOND;
        settle(witness, b);
        assertThat(witness.records.get(GROUP).owner()).isEqualTo("a");
    }

    @Test
    void whatIsHandedOverCannotBeWithdrawn() {
        FakeWitness witness = holding(Mode.PROTECTED, "a", 3);
        Claimant b = new Claimant(witness, new Goal.TakeOver("b", 3), 0);
        b.step();
        witness.deliver();
        b.step();
        assertThat(b.claim.state()).isEqualTo(State.SETTING);
        assertThat(b.claim.withdraw()).isFalse();
        settle(witness, b);
        assertThat(b.claim.state()).isEqualTo(State.WON);
    }

    @Test
    void goingAloneOutrunsAnEntryThatIsStillUnderWay() {
        FakeWitness witness = holding(Mode.ALONE, "a", 0);
        WitnessRecord before = witness.records.get(GROUP);
        Claimant a = new Claimant(witness, goAlone(), 7);
        settle(witness, a);
        assertThat(a.heard).containsExactly("won 8");
        // what an earlier claim of this host handed over arrives only now
        witness.compareAndSet(before, before.next(Mode.PROTECTED, "a", 3), answer -> {});
        witness.deliver();
        assertThat(witness.records.get(GROUP).mode()).isEqualTo(Mode.ALONE);
    }

    @Test
    void takingAClaimBackOutrunsItAndLeavesTheGroupToItsOwner() {
        FakeWitness witness = holding(Mode.PROTECTED, "a", 3);
        WitnessRecord before = witness.records.get(GROUP);
        Claimant b = new Claimant(witness, new Goal.Renounce(3, 77), 0);
        settle(witness, b);
        assertThat(b.heard).containsExactly("won 8");
        witness.compareAndSet(before, before.next(Mode.ALONE, "b", 3), answer -> {});
        witness.deliver(); // the claim itself arrives only now
        assertThat(witness.records.get(GROUP).owner()).isEqualTo("a");
        Claimant a = new Claimant(witness, goAlone(), 7);
        settle(witness, a);
        assertThat(a.claim.state()).isEqualTo(State.WON);
    }

    @Test
    void hostsOfOneIdentityAreNotBothGivenTheGroup() {
        FakeWitness witness = holding(Mode.PROTECTED, "a", 3);
        settle(witness, new Claimant(witness, goAlone(), 7));
        Claimant twin = new Claimant(witness, new Goal.TakeOver("a", 3), 0);
        settle(witness, twin);
        assertThat(twin.claim.state()).isEqualTo(State.LOST);
    }

    @Test
    void anAbandonedClaimHearsNothing() {
        FakeWitness witness = holding(Mode.PROTECTED, "a", 3);
        Claimant a = new Claimant(witness, goAlone(), 7);
        a.step();
        a.claim.abandon();
        settle(witness, a);
        assertThat(a.heard).isEmpty();
        assertThat(witness.records.get(GROUP).mode()).isEqualTo(Mode.PROTECTED);
    }

    @Test
    void ofTwoClaimsExactlyOneIsWonWhateverIsLostOrLate() {
        long[] wonByBackup = {0};
        for (long seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            FakeWitness witness = new FakeWitness(random, 40);
            witness.records.put(GROUP, new WitnessRecord(GROUP, 7, Mode.PROTECTED, "a", 3, 0));
            Claimant a = new Claimant(witness, goAlone(), 7);
            Claimant b = new Claimant(witness, new Goal.TakeOver("b", 3), 0);
            for (int i = 0; i < 2000 && !(a.claim.isOver() && b.claim.isOver()); i++) {
                now += SECOND / 10;
                switch (random.nextInt(4)) {
                    case 0 -> a.step();
                    case 1 -> b.step();
                    default -> witness.deliver();
                }
            }
            boolean backup = b.claim.state() == State.WON;
            wonByBackup[0] += backup ? 1 : 0;
            assertThat(a.claim.state())
                    .as("seed " + seed)
                    .isEqualTo(backup ? State.LOST : State.WON);
            while (witness.deliver()) { // late requests change nothing any more
                a.step();
                b.step();
            }
            assertThat(witness.records.get(GROUP).owner())
                    .as("seed " + seed)
                    .isEqualTo(backup ? "b" : "a");
        }
        assertThat(wonByBackup[0]).isBetween(300L, 2700L);
    }
}
