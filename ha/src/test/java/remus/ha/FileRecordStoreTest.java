package remus.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DiskSelection;
import remus.ha.GroupRecord.Standing;

class FileRecordStoreTest {
    private static final GroupRecord RECORD =
            new GroupRecord(
                    "web",
                    "6f6b1c1e-0000-4000-8000-000000000001",
                    GroupRecord.Role.PRIMARY,
                    Long.MAX_VALUE,
                    Standing.PROTECTED,
                    "b:7070",
                    "MANUAL",
                    50_000_000,
                    true,
                    List.of(
                            new GroupRecord.Member("vm1"),
                            new GroupRecord.Member("vm2", "u", 42, 77)),
                    DiskSelection.WRITABLE,
                    true,
                    8);

    @TempDir private Path directory;

    @Test
    void whatIsPutIsReadByTheNextLife() {
        new FileRecordStore(directory).put(RECORD);
        assertThat(new FileRecordStore(directory).list().records()).containsExactly(RECORD);
    }

    @Test
    void whichDisksAreReplicatedIsRememberedAndNeedNotBeSaid() throws IOException {
        DiskSelection selection =
                new DiskSelection(List.of("vm1/scratch"), true, DiskSelection.Mode.MIRROR);
        GroupRecord chosen =
                new GroupRecord(
                        "web",
                        RECORD.uuid(),
                        RECORD.role(),
                        1,
                        Standing.SEEDING,
                        "b:7070",
                        "MANUAL",
                        50_000_000,
                        true,
                        RECORD.members(),
                        selection,
                        false,
                        0);
        FileRecordStore store = new FileRecordStore(directory);
        store.put(chosen.with(Standing.PROTECTED).withInterval(1).withMembers(RECORD.members()));
        assertThat(store.list().records().get(0).disks()).isEqualTo(selection);
        Path file = directory.resolve("web.json");
        String text = Files.readString(file);
        String older = text.replaceFirst("(?s),\\s*\"disks\".*", "}");
        assertThat(older).isNotEqualTo(text);
        Files.writeString(file, older);
        assertThat(store.list().records().get(0).disks()).isEqualTo(DiskSelection.WRITABLE);
    }

    @Test
    void putReplacesAsAWhole() {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        store.put(RECORD.with(Standing.CONCEDED));
        assertThat(store.list().records()).containsExactly(RECORD.with(Standing.CONCEDED));
    }

    @Test
    void deathBetweenWriteAndRenameLeavesTheOldRecord() throws IOException {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        Files.writeString(directory.resolve("web.new"), "{\"name\": \"we");
        assertThat(new FileRecordStore(directory).list().records()).containsExactly(RECORD);
        store.put(RECORD.with(Standing.ACTIVATED));
        assertThat(store.list().records()).containsExactly(RECORD.with(Standing.ACTIVATED));
    }

    @Test
    void unreadableRecordsAreNamedAndTheOthersRead() throws IOException {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        String sound = Files.readString(directory.resolve("web.json"));
        Files.writeString(directory.resolve("cut.json"), sound.substring(0, sound.length() / 2));
        Files.writeString(directory.resolve("empty.json"), "");
        Files.writeString(directory.resolve("nothing.json"), "null");
        Files.writeString(directory.resolve("other.json"), sound);
        String named = sound.replace("\"web\"", "\"role\"");
        Files.writeString(directory.resolve("role.json"), named.replace("PRIMARY", "SPARE"));
        Files.writeString(
                directory.resolve("uuid.json"),
                sound.replace("\"web\"", "\"uuid\"").replace("6f6b1c1e-", "xyz"));
        Files.write(directory.resolve("huge.json"), new byte[(1 << 20) + 1]);
        RecordStore.Contents contents = store.list();
        assertThat(contents.records()).containsExactly(RECORD);
        assertThat(contents.unreadable())
                .extracting(RecordStore.Unreadable::name)
                .containsExactlyInAnyOrder(
                        "cut", "empty", "nothing", "other", "role", "uuid", "huge");
        assertThat(contents.unreadable())
                .allSatisfy(
                        one -> {
                            assertThat(one.why().code()).isEqualTo("record-unreadable");
                            assertThat(one.why().sentence()).contains(one.name() + ".json");
                            assertThat(one.why().correction()).contains("remus status");
                        });
    }

    @Test
    void removeForgets() {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        store.remove("web");
        store.remove("web");
        assertThat(store.list().records()).isEmpty();
    }

    @Test
    void namesCannotLeaveTheDirectory() {
        FileRecordStore store = new FileRecordStore(directory);
        assertThatThrownBy(() -> store.remove("../web"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
