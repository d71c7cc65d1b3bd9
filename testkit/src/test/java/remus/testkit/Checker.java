package remus.testkit;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import remus.ha.GroupRecord;
import remus.ha.GroupRecord.Standing;
import remus.ha.witness.WitnessRecord;
import remus.protocol.Frame;
import remus.protocol.FrameType;
import remus.protocol.wire.Ack;
import remus.protocol.wire.MemberEvent;
import remus.protocol.wire.MemberFate;

/** Watches the invariants. It sees everything and is seen by nobody. */
final class Checker {
    private static final int EPOCHS_KEPT = 64;
    private static final long LONGEST_SUSPENSION_NANOS = 2_000_000_000;

    private record State(long counter, long digest, long heard, long disk) {}

    private final SimWorld world;

    /** What the members were at the end of each epoch: by incarnation, epoch, name. */
    private final Map<Long, TreeMap<Long, Map<String, State>>> ends = new HashMap<>();

    private final Map<Long, Long> acknowledged = new HashMap<>();
    private final Set<Long> conceded = new HashSet<>();
    private final Map<String, Long> newestLeft = new HashMap<>();
    private final Map<String, Long> takenOverAt = new HashMap<>();
    private final Set<Long> switchedOffHeard = new HashSet<>();
    private final Set<Long> outdated = new HashSet<>();
    private final Set<Long> entered = new HashSet<>();
    private long activated;
    private long claimed;
    private boolean forced;
    private String failure;
    private Throwable cause;

    /** Packets that left at all, and those that left by an acknowledgement. */
    long packets;

    long packetsOnAck;
    long takeovers;

    Checker(SimWorld world) {
        this.world = world;
    }

    void fail(String what) {
        fail(what, null);
    }

    void fail(String what, Throwable why) {
        if (failure == null) {
            failure = what;
            cause = why;
            world.trace("VIOLATION: " + what);
            world.clock.halt();
        }
    }

    String failure() {
        return failure;
    }

    Throwable cause() {
        return cause;
    }

    /** An operator's word: what leaves from here on is on it. */
    void forced() {
        forced = true;
    }

    boolean isActivated() {
        return activated != 0;
    }

    void epochEnds(long incarnation, long epoch, SimGuest guest) {
        TreeMap<Long, Map<String, State>> epochs =
                ends.computeIfAbsent(incarnation, key -> new TreeMap<>());
        epochs.computeIfAbsent(epoch, key -> new HashMap<>())
                .put(
                        guest.name,
                        new State(
                                guest.counter(),
                                guest.digest(),
                                guest.heard(),
                                SimGuest.digestOf(guest.disk)));
        if (epochs.size() > EPOCHS_KEPT) {
            epochs.remove(epochs.firstKey());
        }
    }

    void sends(SimHost host, Frame frame) {
        if (host == world.backup && frame.type() == FrameType.ACK) {
            Ack ack = frame.header(Ack.class);
            long incarnation = ack.getIdentity().getIncarnation();
            if (outdated.contains(incarnation)) {
                return; // the backup may learn of it later; nobody listens to it
            }
            if (claimed == incarnation
                    || conceded.contains(incarnation)
                    || activated == incarnation) {
                fail("acknowledged after the end: epoch " + ack.getEpoch());
            }
            acknowledged.put(incarnation, ack.getEpoch());
        }
        if (frame.type() == FrameType.CONCEDE_REQUEST && !forced && isSomeGuestLost()) {
            fail("the only copy is asked to be given up");
        }
    }

    private boolean isSomeGuestLost() {
        return world.primary.guests.values().stream()
                .anyMatch(guest -> !guest.alive && !guest.off && !guest.retired);
    }

    void arrives(SimHost host, Frame frame) {
        if (host == world.backup
                && frame.type() == FrameType.MEMBER_EVENT
                && frame.header(MemberEvent.class).getFate() == MemberFate.MEMBER_OFF) {
            GroupRecord record = world.backup.disk.get(SimWorld.GROUP);
            if (record != null && activated == 0) {
                switchedOffHeard.add(record.incarnation());
            }
        }
    }

    /** The witness holds a new record. */
    void witnessed(WitnessRecord record) {
        world.trace("witness: " + record.mode() + " " + record.owner() + ", term " + record.term());
        boolean byPrimary = record.owner().equals(world.primary.name);
        switch (record.mode()) {
            case PROTECTED -> {
                if (outdated.contains(record.incarnation())) {
                    fail("protection of a copy is recorded after it was given up");
                }
            }
            case ALONE -> {
                if (byPrimary) {
                    // whatever was acknowledged before can never be claimed
                    conceded.addAll(acknowledged.keySet());
                    outdated.addAll(acknowledged.keySet());
                    entered.clear();
                } else {
                    claimed = record.incarnation();
                }
            }
            case OFF -> {
                conceded.addAll(acknowledged.keySet());
                outdated.addAll(acknowledged.keySet());
            }
        }
    }

    /** Output of epochs of an incarnation leaves because they were acknowledged. */
    void releases(long incarnation) {
        if (!world.scenario.witnessed()) {
            return;
        }
        WitnessRecord record = world.witness.record();
        boolean was = record != null && entered.contains(incarnation);
        if (record != null
                && record.mode() == WitnessRecord.Mode.PROTECTED
                && record.incarnation() == incarnation) {
            entered.add(incarnation);
        } else if (!was) {
            fail("output leaves by acknowledgement before the witness knows of the copy");
        }
    }

    private boolean isGivenToBackup() {
        return claimed != 0;
    }

    void recorded(SimHost host, GroupRecord record) {
        world.trace(host.name + ": recorded " + record.standing() + " of " + record.incarnation());
        if (host != world.backup) {
            return;
        }
        long incarnation = record.incarnation();
        if (record.standing() == Standing.CONCEDED) {
            if (activated == incarnation) {
                fail("conceded after it was activated");
            }
            conceded.add(incarnation);
        }
        if (record.standing() == Standing.ACTIVATED) {
            if (conceded.contains(incarnation)) {
                fail("activated after it was conceded");
            }
            if (world.scenario.witnessed() && claimed != incarnation) {
                fail("activated although the witness did not give it the group");
            }
            activated = incarnation;
        }
    }

    /** A packet leaves a host for the outside world. */
    void left(SimGuest guest, long counter) {
        packets++;
        if (!guest.copy) {
            mayLeave(guest, counter);
            newestLeft.merge(guest.name, counter, Math::max);
        }
        world.outside(guest, counter);
    }

    private void mayLeave(SimGuest guest, long counter) {
        if (forced) {
            return;
        }
        for (Map.Entry<Long, Long> copy : acknowledged.entrySet()) {
            if (conceded.contains(copy.getKey())) {
                continue;
            }
            State state = end(copy.getKey(), copy.getValue(), guest.name);
            packetsOnAck++;
            if (state != null && counter > state.counter) {
                String which = guest.name + " said " + counter + ", committed is " + state.counter;
                fail(
                        takenOverAt.containsKey(guest.name)
                                ? "two speakers: " + which
                                : "output before its epoch was committed: " + which);
            }
        }
    }

    private State end(long incarnation, long epoch, String name) {
        TreeMap<Long, Map<String, State>> epochs = ends.get(incarnation);
        Map<String, State> states = epochs == null ? null : epochs.get(epoch);
        return states == null ? null : states.get(name);
    }

    /** A copy begins to run at the backup. */
    void runs(SimStandby standby, SimGuest guest) {
        takeovers++;
        Long epoch = acknowledged.get(activated);
        world.trace("backup: " + guest.name + " runs, epoch " + epoch + " of " + activated);
        if (activated == 0 || epoch == null) {
            fail("a copy runs that was never complete, or without a record");
            return;
        }
        if (switchedOffHeard.contains(activated)) {
            fail(guest.name + " is resurrected after its owner switched it off");
        }
        State state = end(activated, epoch, guest.name);
        if (state == null || state.digest != SimGuest.digestOf(standby.memory)) {
            fail(guest.name + ": the copy is not the state at the end of epoch " + epoch);
            return;
        }
        java.nio.ByteBuffer devices = java.nio.ByteBuffer.wrap(standby.devices);
        if (devices.getLong(0) != state.counter || devices.getLong(16) != state.digest) {
            fail(guest.name + ": the devices are of another epoch than the memory");
        }
        if (SimGuest.digestOf(guest.disk) != state.disk) {
            fail(guest.name + ": the disk is not of epoch " + epoch + " as the memory is");
        }
        if (newestLeft.getOrDefault(guest.name, 0L) > state.counter && !forced) {
            fail(guest.name + ": said more than what was taken over knows");
        }
        ends.get(activated)
                .get(epoch)
                .forEach(
                        (name, other) -> {
                            if (!name.equals(guest.name) && state.heard > other.counter) {
                                fail(guest.name + " heard what " + name + " has not said");
                            }
                        });
        takenOverAt.put(guest.name, state.counter);
    }

    void retired(SimGuest guest) {
        if (activated == 0 && !isGivenToBackup()) {
            fail(guest.name + " is stopped for good although nothing took over");
        }
    }

    void destroyed(SimGuest guest) {
        if (guest.alive && !guest.retired && !guest.off) {
            fail(guest.name + " is destroyed although it is neither retired nor switched off");
        }
    }

    /** Looks at what must not last. */
    void look() {
        SimAgent agent = world.primary.agent;
        if (agent == null || !agent.alive || agent.isStopped() || !world.primary.alive) {
            return;
        }
        long since = world.clock.now() - LONGEST_SUSPENSION_NANOS;
        for (SimGuest guest : world.primary.guests.values()) {
            boolean forgotten = guest.alive && guest.suspended && guest.suspendedSince < since;
            if (forgotten && agent.born < since) {
                fail(guest.name + " is left suspended");
            }
        }
    }
}
