package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import remus.agent.api.GroupStatus;

/** The backup's filesystem for disks is full, at each moment at which it needs room. */
@ExtendWith(Evidence.class)
final class DiskSpaceIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String DISKS = "/run/vm/state/disks";
    private static final String STORE = DISKS + "/" + Lab.VM;
    private static final int MIB = 1 << 20;
    private static final int JOURNAL_MIB = 64;
    private static final int CONTENT_MIB = 24;
    private static final int PLENTY_MIB = 400;

    @Test
    void aFullBackupCostsTheGuestNothingAndIsProtectedOnceThereIsRoom() throws IOException {
        try (Lab lab = Lab.up()) {
            DataDisk disk =
                    DataDisk.make(lab, Lab.A, "data", "raw", 64 + CONTENT_MIB)
                            .withContent(new Random(1), 64, 64 + CONTENT_MIB);
            lab.start(disk);
            lab.on(Lab.B, "mkdir", "-p", DISKS).succeeded();
            lab.on(Lab.B, "mount", "-t", "tmpfs", "-o", "size=32m", "remus-disks", DISKS)
                    .succeeded();
            lab.configure(Lab.B, "disks:\n  journal: " + JOURNAL_MIB + "MiB\n");
            lab.on(Lab.B, "mkdir", STORE).succeeded();
            try (FileGate gate = FileGate.atReadingIn(lab.inside(Lab.B, STORE))) {
                findsNoRoom(lab, gate);
            }
        }
    }

    private static void findsNoRoom(Lab lab, FileGate gate) {
        Qmp owner = lab.owner(Lab.A, Lab.VM);
        CountingClient client = lab.client();
        LoadMaker guest = LoadMaker.of(lab, Lab.A);
        assertThat(guest.ask("disk open vda")).startsWith("ok");
        noRoomForTheJournal(lab, owner);
        noRoomForTheCopy(lab, owner);
        room(lab, PLENTY_MIB);
        lab.protectManually();
        client.awaitMore(20);
        noRoomWhileProtected(lab, owner, guest, client);
        noRoomAtTheTakeover(lab, guest, client, gate);
    }

    private static void room(Lab lab, long mib) {
        lab.on(Lab.B, "mount", "-o", "remount,size=" + mib + "m", DISKS).succeeded();
    }

    private static long usedMib(Lab lab) {
        String said = lab.on(Lab.B, "df", "-BM", "--output=used", DISKS).succeeded().out();
        return Long.parseLong(said.replaceAll("\\D", ""));
    }

    /** Refused at once, as the journal's space is taken before anything is promised. */
    private static void noRoomForTheJournal(Lab lab, Qmp owner) {
        List<String> shape = owner.shape();
        Outcome refused = lab.remus(Lab.A, "protect", Lab.VM, Lab.B);
        assertThat(refused.code()).isNotZero();
        assertThat(refused.err()).contains("no-space", "journal-", "make room on the filesystem");
        assertThat(owner.shape()).as("QEMU, as it was found").isEqualTo(shape);
        assertThat(owner.status()).isEqualTo("running");
    }

    private static void noRoomForTheCopy(Lab lab, Qmp owner) {
        List<String> shape = owner.shape();
        room(lab, JOURNAL_MIB + CONTENT_MIB / 2);
        Outcome gaveUp = lab.remus(Lab.A, "protect", Lab.VM, Lab.B);
        assertThat(gaveUp.code()).isNotZero();
        assertThat(gaveUp.err()).contains("web1-data.raw", "make room on the filesystem");
        GroupStatus backup = lab.group(Lab.B, Lab.VM);
        System.out.println(
                "no room after " + (backup.getSeedBytes() / MIB) + " MiB of the first copy");
        assertThat(backup.getState()).isEqualTo("CONCEDED");
        assertThat(backup.getReasonCode()).isEqualTo("no-space");
        assertThat(backup.getSeedBytes()).as("what was taken before").isGreaterThan(8 * MIB);
        assertThat(lab.group(Lab.A, Lab.VM).getState()).isIn("", "UNPROTECTED");
        assertThat(owner.shape()).as("QEMU, as it was found").isEqualTo(shape);
        assertThat(owner.status()).isEqualTo("running");
    }

    /** The journal has its space; the image finds none for what the guest writes. */
    private static void noRoomWhileProtected(
            Lab lab, Qmp owner, LoadMaker guest, CountingClient client) {
        long since = lab.awaitState(Lab.A, "PROTECTED").getSinceUnixMillis();
        room(lab, usedMib(lab) + 2);
        assertThat(guest.ask("disk write 2000 4")).isEqualTo("ok");
        GroupStatus alone =
                lab.awaitGroup(Lab.A, Lab.VM, SOON, g -> g.getReasonCode().equals("no-space"));
        System.out.println("no room while protected: " + alone.getReason());
        assertThat(alone.getState()).isEqualTo("CONNECTING");
        assertThat(alone.getCorrection()).contains("make room on the filesystem");
        assertThat(lab.agentLog(Lab.B)).contains("STANDBY -> CONCEDED", "(no-space)");

        long before = DataDisk.writes(guest, "disk where");
        client.awaitMore(20);
        assertThat(DataDisk.writes(guest, "disk where"))
                .as("the guest writes on, alone")
                .isGreaterThan(before);
        assertThat(owner.status()).isEqualTo("running");
        room(lab, PLENTY_MIB);
        lab.awaitNewCopy(since);
        DataDisk.writes(guest, "disk stop");
        System.out.println("then protected by itself: " + DataDisk.check(guest));
    }

    /** Epochs were acknowledged and wait in the journal: they only need room. */
    private static void noRoomAtTheTakeover(
            Lab lab, LoadMaker guest, CountingClient client, FileGate gate) {
        gate.holdReaders(lab.inside(Lab.B, STORE));
        assertThat(guest.ask("disk write 12000 4")).isEqualTo("ok");
        assertThat(gate.awaitVisitor()).isEqualTo(lab.agentPid(Lab.B));
        long begun = lab.group(Lab.B, Lab.VM).getJournalBytes();
        lab.awaitGroup(Lab.B, Lab.VM, SOON, g -> g.getJournalBytes() > begun + 6 * MIB);
        DataDisk.writes(guest, "disk stop");
        client.awaitMore(20); // replies that left after all of it was acknowledged
        room(lab, usedMib(lab) + 1);
        lab.powerLoss(Lab.A);
        gate.close();
        Outcome refused = lab.remus(Lab.B, "failover", Lab.VM);
        assertThat(refused.code()).isNotZero();
        assertThat(refused.err()).contains("no-space", "make room on the filesystem");
        GroupStatus waits = lab.awaitState(Lab.B, "STANDBY");
        assertThat(waits.getReasonCode()).isEqualTo("no-space");
        assertThat(waits.getReason()).contains("nothing was activated");

        room(lab, PLENTY_MIB);
        lab.remus(Lab.B, "failover", Lab.VM).succeeded();
        client.awaitMore(20);
        client.assertNothingLost();
        System.out.println("taken over: " + DataDisk.check(LoadMaker.of(lab, Lab.B)));
    }
}
