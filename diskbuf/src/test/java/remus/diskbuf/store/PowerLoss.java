package remus.diskbuf.store;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import remus.diskbuf.store.SimMedium.Kind;
import remus.diskbuf.store.SimMedium.Op;

/**
 * What a disk may hold after power is lost. Advanced through the operations of a run one by one;
 * what was synced is there for sure, of the rest any part may be.
 */
final class PowerLoss {
    static final int SECTOR_BYTES = 512;

    private final Map<Integer, byte[]> durable = new HashMap<>();
    private final Map<Path, Integer> durableNames = new HashMap<>();
    private final List<Op> unsynced = new ArrayList<>();
    private final List<Op> unsyncedNames = new ArrayList<>();

    /** From a disk on which everything is synced. */
    PowerLoss(SimMedium start) {
        start.names()
                .forEach(
                        (path, id) -> {
                            durableNames.put(path, id);
                            durable.put(id, start.content(path).clone());
                        });
    }

    PowerLoss() {
        this(new SimMedium());
    }

    void advance(Op op) {
        if (op.changesContent()) {
            unsynced.add(op);
        } else if (op.kind() == Kind.SYNC) {
            unsynced.removeIf(
                    done -> {
                        if (done.file() != op.file()) {
                            return false;
                        }
                        apply(durable, done, 0, Long.MAX_VALUE);
                        return true;
                    });
        } else if (op.kind() == Kind.SYNC_DIRECTORY) {
            unsyncedNames.removeIf(
                    done -> {
                        Path at = done.to() == null ? done.from() : done.to();
                        if (!at.getParent().equals(op.from())) {
                            return false;
                        }
                        SimMedium.rename(durableNames, done);
                        return true;
                    });
        } else {
            unsyncedNames.add(op);
        }
    }

    private static void apply(Map<Integer, byte[]> contents, Op op, long from, long to) {
        byte[] before = contents.getOrDefault(op.file(), new byte[0]);
        contents.put(op.file(), SimMedium.changed(before, op, from, to));
    }

    private Map<Integer, byte[]> copy() {
        Map<Integer, byte[]> copies = new HashMap<>();
        durable.forEach((id, bytes) -> copies.put(id, bytes.clone()));
        return copies;
    }

    private SimMedium medium(Map<Integer, byte[]> contents, int namesKept) {
        Map<Path, Integer> names = new HashMap<>(durableNames);
        unsyncedNames.subList(0, namesKept).forEach(op -> SimMedium.rename(names, op));
        names.values().forEach(id -> contents.putIfAbsent(id, new byte[0]));
        return new SimMedium(names, contents);
    }

    /** Nothing but what was synced. */
    SimMedium onlySynced() {
        return medium(copy(), 0);
    }

    /** Everything, but the last write only up to {@code sectors}. */
    SimMedium lastTornAt(int sectors) {
        Map<Integer, byte[]> contents = copy();
        for (int i = 0; i < unsynced.size(); i++) {
            boolean isLast = i == unsynced.size() - 1;
            apply(contents, unsynced.get(i), 0, isLast ? tear(unsynced.get(i), sectors) : 1 << 30);
        }
        return medium(contents, unsyncedNames.size());
    }

    /** Where a piece of sectors of the disk ends, as bytes of the change. */
    private static long tear(Op op, int sectors) {
        long first = SECTOR_BYTES - op.offset() % SECTOR_BYTES;
        return sectors == 0 ? 0 : first + (sectors - 1L) * SECTOR_BYTES;
    }

    /** Sectors of the last write, if it is not synced. */
    int sectorsOfLast() {
        if (unsynced.isEmpty()) {
            return 0;
        }
        Op last = unsynced.get(unsynced.size() - 1);
        long end = last.offset() + last.length();
        return (int) ((end + SECTOR_BYTES - 1) / SECTOR_BYTES - last.offset() / SECTOR_BYTES);
    }

    /** Any of the unsynced writes, whole or only some of their sectors; renames in their order. */
    SimMedium anyOf(Random random) {
        Map<Integer, byte[]> contents = copy();
        int chance = random.nextInt(5);
        for (Op op : unsynced) {
            if (op.kind() == Kind.RESIZE || random.nextInt(4) != 0) {
                if (random.nextInt(4) >= chance) {
                    apply(contents, op, 0, Long.MAX_VALUE);
                }
                continue;
            }
            long length = op.length();
            for (long at = 0; at < length; ) {
                long end = Math.min(length, at + SECTOR_BYTES - (op.offset() + at) % SECTOR_BYTES);
                if (random.nextBoolean()) {
                    apply(contents, op, at, end);
                }
                at = end;
            }
        }
        return medium(contents, random.nextInt(unsyncedNames.size() + 1));
    }
}
