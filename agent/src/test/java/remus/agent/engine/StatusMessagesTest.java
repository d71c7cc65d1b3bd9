package remus.agent.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import remus.agent.api.DiskStatus;
import remus.agent.api.GroupStatus;
import remus.backup.BackupState;
import remus.backup.BackupView;
import remus.diskbuf.DiskBuffer;
import remus.diskbuf.DiskCopy;
import remus.domain.Disk;
import remus.domain.DiskSelection;
import remus.ha.GroupRecord;
import remus.ha.Reason;
import remus.primary.GroupState;
import remus.primary.PrimaryView;
import remus.primary.ProtectionSettings;
import remus.primary.TimelineRing;
import remus.protocol.wire.FailoverMode;

final class StatusMessagesTest {
    private static final Reason REASON = new Reason("code", "sentence");
    private static final TimelineRing.Distribution NONE = new TimelineRing.Distribution(0, 0, 0);

    private static BackupView backup(BackupState state, String images) {
        GroupRecord record =
                new GroupRecord(
                        "web1",
                        "uuid",
                        GroupRecord.Role.BACKUP,
                        1,
                        GroupRecord.Standing.SEEDING,
                        "a:1",
                        "MANUAL",
                        50,
                        false,
                        List.of(),
                        DiskSelection.WRITABLE,
                        false,
                        0);
        DiskCopy.Condition disks = new DiskCopy.Condition(images, 5, 100, 3);
        return new BackupView(record, state, REASON, 0, 0, 0, 0, disks, 0, List.of(), List.of());
    }

    private static PrimaryView primary() {
        ProtectionSettings settings =
                new ProtectionSettings(
                        "web1",
                        "uuid",
                        List.of("web1"),
                        new ProtectionSettings.PeerAddress("b", 1),
                        FailoverMode.MANUAL,
                        50,
                        new ProtectionSettings.Limits(1, 1, 1, 1, 1, 1),
                        true);
        PrimaryView.MemberView member =
                new PrimaryView.MemberView(
                        "web1",
                        "running",
                        0,
                        List.of(),
                        List.of(
                                new DiskBuffer.Progress("data", 100, 40, 10, 7, "mirror"),
                                new DiskBuffer.Progress("log", 50, 50, 50, 7, "mirror"),
                                new DiskBuffer.Progress("root", 60, 60, 60, 5, "boot-time")),
                        List.of(new Disk("scratch", 30)));
        return new PrimaryView(
                settings,
                GroupState.SEEDING,
                REASON,
                0,
                50,
                0,
                0,
                0,
                0,
                NONE,
                NONE,
                NONE,
                0,
                0,
                0,
                0,
                List.of(member));
    }

    @ParameterizedTest
    @CsvSource({"SEEDING,wait for it", "CONCEDED,protect the group anew"})
    void imagesThatAreWorthNothingHaveAReasonAndWhatToDo(BackupState state, String correction) {
        GroupStatus status = StatusMessages.of(backup(state, "inconsistent"), 0, 0);
        assertThat(status.getImagesProblem()).contains("worth nothing");
        assertThat(status.getImagesCorrection()).startsWith(correction);
    }

    @ParameterizedTest
    @CsvSource({"consistent", "new", "handed-over"})
    void imagesThatAreWellHaveNoProblem(String images) {
        GroupStatus status = StatusMessages.of(backup(BackupState.STANDBY, images), 0, 0);
        assertThat(status.getImages()).isEqualTo(images);
        assertThat(status.getImagesProblem()).isEmpty();
        assertThat(status.getJournalBytes()).isEqualTo(5);
        assertThat(status.getJournalSizeBytes()).isEqualTo(100);
        assertThat(status.getDiskLagBytes()).isEqualTo(3);
    }

    @Test
    void everyDiskSaysWhetherItIsReplicated() {
        GroupStatus status = StatusMessages.of(primary(), 0, 0);
        assertThat(status.getMembers(0).getDisksList())
                .extracting(DiskStatus::getName, DiskStatus::getState, DiskStatus::getMode)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("data", "copying", "mirror"),
                        org.assertj.core.groups.Tuple.tuple("log", "replicated", "mirror"),
                        org.assertj.core.groups.Tuple.tuple("root", "replicated", "boot-time"),
                        org.assertj.core.groups.Tuple.tuple("scratch", "not-replicated", ""));
        assertThat(status.getDiskLagBytes()).as("shared by the disks of a mode").isEqualTo(7 + 5);
    }

    @Test
    void aDiskThatIsLeftOutIsWarnedOf() {
        assertThat(StatusMessages.warnings(primary()))
                .singleElement()
                .asString()
                .contains("disk web1/scratch is not replicated", "stays at this host");
    }
}
