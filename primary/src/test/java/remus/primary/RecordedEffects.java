package remus.primary;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.primary.Licence.Wish;

/** Writes down what the core has done. */
final class RecordedEffects implements PrimaryEffects {
    final List<String> effects = new ArrayList<>();
    boolean witnessLive = true;
    boolean handedOver;
    boolean recordFails;

    @Override
    public void record(Standing standing) {
        if (recordFails) {
            throw new DomainException("record-failed", "the disk is full", "make room");
        }
        effects.add("record " + standing);
    }

    @Override
    public void forget() {
        effects.add("forget");
    }

    @Override
    public void offer() {
        effects.add("offer");
    }

    @Override
    public void seed() {
        effects.add("seed");
    }

    @Override
    public void checkpoint() {
        effects.add("checkpoint");
    }

    @Override
    public void resumeSession() {
        effects.add("resumeSession");
    }

    @Override
    public void askConcession(String reason) {
        effects.add("ask");
    }

    @Override
    public void tellMembersGone(boolean switchedOff, String detail) {
        effects.add(switchedOff ? "tell off" : "tell lost");
    }

    @Override
    public void startOver() {
        effects.add("startOver");
    }

    @Override
    public void letGo() {
        effects.add("letGo");
    }

    @Override
    public void retire() {
        effects.add("retire");
    }

    @Override
    public void destroyRetired() {
        effects.add("destroy all");
    }

    @Override
    public void destroySwitchedOff(Set<String> members) {
        effects.add("destroy " + members);
    }

    @Override
    public void hangUp(String reason) {
        effects.add("hangUp");
    }

    @Override
    public void ask(Wish wish) {
        effects.add("ask " + wish);
    }

    @Override
    public boolean askNoMore() {
        return !handedOver;
    }

    @Override
    public void license() {
        effects.add("license");
    }

    @Override
    public boolean isWitnessLive() {
        return witnessLive;
    }
}
