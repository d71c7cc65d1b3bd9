package remus.backup;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import remus.domain.DomainException;
import remus.ha.GroupRecord.Standing;
import remus.ha.Reason;

/** Writes down what the core has done. */
final class RecordedEffects implements BackupCore.Effects {
    final List<String> effects = new ArrayList<>();
    @Nullable Reason loadFails;
    @Nullable Reason runFails;
    boolean witnessLive = true;
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
    public void hangUp(String reason) {
        effects.add("hangUp");
    }

    @Override
    public @Nullable Reason load() {
        effects.add("load");
        return loadFails;
    }

    @Override
    public boolean isWitnessLive() {
        return witnessLive;
    }

    @Override
    public void claim() {
        effects.add("claim");
    }

    @Override
    public void renounce() {
        effects.add("renounce");
    }

    @Override
    public @Nullable Reason run() {
        effects.add("run");
        return runFails;
    }

    @Override
    public void discard() {
        effects.add("discard");
    }

    @Override
    public void tellConceded(String reason) {
        effects.add("tell");
    }
}
