package remus.domain.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import remus.domain.DiskSelection;
import remus.domain.DomainException;
import remus.domain.Finding;

/** Whether the media in a guest's drives allow that it is protected. */
final class DiskChecks {
    private final QemuProcess process;
    private final List<QemuDisk> disks;
    private final DiskSelection selection;
    private final boolean unsafe;

    /**
     * @param unsafe whether disks may be left out
     */
    DiskChecks(QemuProcess process, Monitor monitor, DiskSelection selection, boolean unsafe) {
        this.process = process;
        this.selection = selection;
        this.unsafe = unsafe;
        disks = QemuDisk.list(monitor, process.cwd());
    }

    /** Every condition, passed or not. */
    List<Finding> examine() {
        List<Finding> findings = new ArrayList<>();
        findings.add(onCommandLine());
        findings.add(clear());
        findings.add(ownedByOne());
        unknown().ifPresent(findings::add);
        disks.stream()
                .filter(disk -> disk.isLeftOut(selection))
                .map(this::leftOut)
                .forEach(findings::add);
        return findings;
    }

    /** A name that means no disk would leave the operator in the belief that it did. */
    private Optional<Finding> unknown() {
        List<String> names = new ArrayList<>(selection.leftOut());
        names.remove(DiskSelection.EVERY);
        disks.stream()
                .filter(disk -> disk.isLeftOut(selection))
                .map(QemuDisk::name)
                .forEach(names::remove);
        if (names.isEmpty()) {
            return Optional.empty();
        }
        List<String> known =
                disks.stream()
                        .filter(disk -> disk.isReplicated(DiskSelection.WRITABLE))
                        .map(QemuDisk::name)
                        .toList();
        return Optional.of(
                Finding.fail(
                        "unknown-disk",
                        "the guest writes to no disk named "
                                + String.join(", ", names)
                                + "; those that it writes to are "
                                + known,
                        "name one of these with --no-disk, or leave the option out"));
    }

    private Finding leftOut(QemuDisk disk) {
        String loss =
                DiskSelection.loss(
                        disk.name() + " (" + disk.file() + ", " + disk.bytes() + " bytes)");
        return unsafe
                ? Finding.pass("disk-not-replicated", loss)
                : Finding.fail(
                        "disk-not-replicated",
                        loss,
                        "leave --no-disk out, or accept the loss with --unsafe");
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
                    StandbyCommandLine.Media.ofUnknownImages(
                            process.cwd(),
                            disks,
                            disks.stream()
                                    .filter(disk -> disk.isReplicated(selection))
                                    .map(QemuDisk::name)
                                    .toList());
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
            if (disk.isReplicated(selection) && disk.encrypted()) {
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
