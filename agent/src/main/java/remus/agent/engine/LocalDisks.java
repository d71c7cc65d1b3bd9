package remus.agent.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import remus.agent.config.AgentConfig;
import remus.agent.control.RunDirectory;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.DiskCopy;
import remus.diskbuf.mirror.BootTimeBuffer;
import remus.diskbuf.mirror.BootTimeBuffer.Served;
import remus.diskbuf.mirror.MirrorBuffer;
import remus.diskbuf.mirror.MirrorBuffer.Mirrored;
import remus.diskbuf.mirror.ServedDisk;
import remus.diskbuf.store.DiskImageSpec;
import remus.diskbuf.store.StoreSettings;
import remus.diskbuf.store.StoredDisks;
import remus.domain.Disk;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.SlabPool;
import remus.domain.StandbySpec;
import remus.domain.qemu.QemuDisk;
import remus.domain.qemu.QemuDomain;

/** The disks of this host: those of its guests that are captured, and the images that it keeps. */
final class LocalDisks {
    private final AgentConfig.Disks config;
    private final Path runDirectory;
    private final LocalExports exports;
    private final Map<PoolKey, SlabPool> pools = new HashMap<>();

    /** The captured writes of one domain's disks of one kind. */
    private record PoolKey(long pid, boolean bootTime, long bytes) {}

    /**
     * @param runDirectory for the sockets that QEMU connects to; made if it is not there
     * @param exports that may be disks of the guests here
     */
    LocalDisks(AgentConfig.Disks config, Path runDirectory, LocalExports exports) {
        this.config = config;
        this.runDirectory = runDirectory;
        this.exports = exports;
        RunDirectory.prepare(runDirectory);
    }

    /**
     * What captures the guest's writes; none if none of its disks is replicated.
     *
     * @throws DomainException {@code disk-not-exported}
     */
    List<DiskBuffer> buffers(QemuDomain domain, DiskSelection.Mode mode) {
        List<Mirrored> mirrored = new ArrayList<>();
        List<Served> served = new ArrayList<>();
        List<QemuDisk> disks = domain.disks();
        for (int index = 0; index < disks.size(); index++) {
            QemuDisk disk = disks.get(index);
            ServedDisk export = exports.find(disk, mode);
            if (export != null) {
                served.add(new Served(index, disk.name(), export));
            } else {
                mirrored.add(new Mirrored(index, disk));
            }
        }
        long pid = domain.identity().pid();
        int kinds = mirrored.isEmpty() || served.isEmpty() ? 1 : 2;
        List<DiskBuffer> buffers = new ArrayList<>();
        if (!mirrored.isEmpty()) {
            Path sockets = runDirectory.resolve(Long.toString(pid));
            RunDirectory.prepare(sockets);
            SlabPool pool = pool(new PoolKey(pid, false, config.stagingBytes() / kinds));
            buffers.add(new MirrorBuffer(domain.monitor(), pid, sockets, mirrored, pool));
        }
        if (!served.isEmpty()) {
            SlabPool pool = pool(new PoolKey(pid, true, config.stagingBytes() / kinds));
            buffers.add(new BootTimeBuffer(domain.monitor(), served, pool));
        }
        return buffers;
    }

    /** A new incarnation takes the memory of the one before, unless some of it is still sent. */
    private synchronized SlabPool pool(PoolKey key) {
        pools.keySet().removeIf(other -> ProcessHandle.of(other.pid).isEmpty());
        SlabPool used = pools.get(key);
        if (used != null && used.available() == used.capacity()) {
            return used;
        }
        SlabPool fresh = new SlabPool(key.bytes);
        pools.put(key, fresh);
        return fresh;
    }

    /**
     * Opens the images of a group.
     *
     * @throws DomainException {@code image-exported}; what the store throws
     */
    DiskCopy open(String group, List<StandbySpec> members) {
        Path directory = config.directory().resolve(group);
        List<DiskImageSpec> images = new ArrayList<>();
        for (StandbySpec member : members) {
            for (Disk disk : member.disks()) {
                String name = member.name() + "/" + disk.name();
                Path chosen = config.images().get(name);
                Path image =
                        chosen != null
                                ? chosen
                                : directory.resolve(member.name() + "-" + disk.name() + ".raw");
                requireNotExported(name, image);
                images.add(new DiskImageSpec(name, image, disk.bytes()));
            }
        }
        return StoredDisks.open(
                directory,
                images,
                new StoreSettings(
                        config.journalBytes(),
                        config.syncBeforeAck(),
                        config.preallocated()
                                ? StoreSettings.Allocation.FULL
                                : StoreSettings.Allocation.SPARSE,
                        config.resyncInPlace()
                                ? StoreSettings.Resync.IN_PLACE
                                : StoreSettings.Resync.KEEP_OLD_COPY));
    }

    /** Else a guest that uses the export would write to the copy. */
    private void requireNotExported(String disk, Path image) {
        String export = exports.of(image);
        if (export != null) {
            throw new DomainException(
                    "image-exported",
                    "the image of " + disk + ", " + image + ", is served as export " + export,
                    "remove " + export + " from `disks.exports` here, and restart the agent");
        }
    }
}
