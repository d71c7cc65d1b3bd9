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
import remus.diskbuf.mirror.MirrorBuffer;
import remus.diskbuf.store.DiskImageSpec;
import remus.diskbuf.store.StoreSettings;
import remus.diskbuf.store.StoredDisks;
import remus.domain.Disk;
import remus.domain.SlabPool;
import remus.domain.StandbySpec;
import remus.domain.qemu.QemuDisk;
import remus.domain.qemu.QemuDomain;

/** The disks of this host: those of its guests that are captured, and the images that it keeps. */
final class LocalDisks {
    private final AgentConfig.Disks config;
    private final Path runDirectory;
    private final Map<Long, SlabPool> pools = new HashMap<>();

    /**
     * @param runDirectory for the sockets that QEMU connects to; made if it is not there
     */
    LocalDisks(AgentConfig.Disks config, Path runDirectory) {
        this.config = config;
        this.runDirectory = runDirectory;
        RunDirectory.prepare(runDirectory);
    }

    /** What captures the guest's writes; none if it has no writable disk. */
    List<DiskBuffer> buffers(QemuDomain domain) {
        List<QemuDisk> disks = domain.disks();
        if (disks.isEmpty()) {
            return List.of();
        }
        long pid = domain.identity().pid();
        Path sockets = runDirectory.resolve(Long.toString(pid));
        RunDirectory.prepare(sockets);
        return List.of(new MirrorBuffer(domain.monitor(), pid, sockets, disks, pool(pid)));
    }

    /** A new incarnation takes the memory of the one before, unless some of it is still sent. */
    private synchronized SlabPool pool(long pid) {
        pools.keySet().removeIf(other -> ProcessHandle.of(other).isEmpty());
        SlabPool used = pools.get(pid);
        if (used != null && used.available() == used.capacity()) {
            return used;
        }
        SlabPool fresh = new SlabPool(config.stagingBytes());
        pools.put(pid, fresh);
        return fresh;
    }

    /** Opens the images of a group. */
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
                images.add(new DiskImageSpec(name, image, disk.bytes()));
            }
        }
        return StoredDisks.open(
                directory,
                images,
                new StoreSettings(
                        config.journalBytes(),
                        config.syncBeforeAck(),
                        StoreSettings.Allocation.SPARSE,
                        StoreSettings.Resync.KEEP_OLD_COPY));
    }
}
