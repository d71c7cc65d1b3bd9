package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import remus.domain.DomainException;
import remus.domain.Finding;

/** Whether the media in a guest's drives allow that it is protected. */
final class DiskChecks {
    private final QemuProcess process;
    private final List<QemuDisk> disks;

    DiskChecks(QemuProcess process, Monitor monitor) {
        this.process = process;
        disks = QemuDisk.list(monitor, process.cwd());
    }

    /** Every condition, passed or not. */
    List<Finding> examine() {
        List<Finding> findings = new ArrayList<>();
        findings.add(onCommandLine());
        findings.add(clear());
        findings.add(ownedByOne());
        return findings;
    }

    /** No job of somebody else may run: it would end, or be in the way of the mirror. */
    static Finding noForeignJob(Monitor monitor) {
        List<JsonNode> jobs = DiskMirrors.foreignJobs(monitor);
        return jobs.isEmpty()
                ? Finding.pass("idle", "no migration and no block job is in progress")
                : Finding.fail(
                        "block-job-in-progress",
                        "a block job runs: "
                                + jobs.get(0).path("type").asText()
                                + " "
                                + jobs.get(0).path("device").asText(),
                        "wait until it is over, or cancel it");
    }

    private Finding onCommandLine() {
        try {
            StandbyCommandLine.Media media =
                    StandbyCommandLine.Media.ofUnknownImages(process.cwd(), disks);
            StandbyDisks.rewrite(
                    CommandOption.parse(process.argv().subList(1, process.argv().size())),
                    media.cwd(),
                    media.disks(),
                    media.images());
            return Finding.pass("disks", "a standby can be given all media of the guest");
        } catch (DomainException e) {
            return Finding.fail(e.code(), String.valueOf(e.getMessage()), e.correction());
        }
    }

    private Finding clear() {
        for (QemuDisk disk : disks) {
            if (disk.isReplicated() && disk.encrypted()) {
                return Finding.fail(
                        "disk-encrypted",
                        "QEMU encrypts disk "
                                + disk.name()
                                + ", and the backup's image would hold it in clear",
                        "encrypt in the guest, or below QEMU on both hosts");
            }
        }
        return Finding.pass("disk-encrypted", "QEMU encrypts no replicated disk");
    }

    /** What another VM writes to a shared disk passes by the mirror. */
    private Finding ownedByOne() {
        return CommandLine.parse(process.argv())
                .all("device")
                .filter(device -> Switches.isOn(device.properties(), "share-rw"))
                .findFirst()
                .map(
                        device ->
                                Finding.fail(
                                        "disk-shared",
                                        "other VMs may write to a disk: -device " + device.value(),
                                        "start the VM without share-rw=on"))
                .orElse(Finding.pass("disk-shared", "no other VM may write to a disk"));
    }
}
