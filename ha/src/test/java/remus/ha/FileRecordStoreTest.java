package remus.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import remus.domain.DomainException;
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
                            new GroupRecord.Member("vm2", "u", 42, 77)));

    @TempDir private Path directory;

    @Test
    void whatIsPutIsReadByTheNextLife() {
        new FileRecordStore(directory).put(RECORD);
        assertThat(new FileRecordStore(directory).list()).containsExactly(RECORD);
    }

    @Test
    void putReplacesAsAWhole() {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        store.put(RECORD.with(Standing.CONCEDED));
        assertThat(store.list()).containsExactly(RECORD.with(Standing.CONCEDED));
    }

    @Test
    void deathBetweenWriteAndRenameLeavesTheOldRecord() throws IOException {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        Files.writeString(directory.resolve("web.new"), "{\"name\": \"we");
        assertThat(new FileRecordStore(directory).list()).containsExactly(RECORD);
        store.put(RECORD.with(Standing.ACTIVATED));
        assertThat(store.list()).containsExactly(RECORD.with(Standing.ACTIVATED));
    }

    @Test
    void damagedRecordIsNamedAndNotGuessedAt() throws IOException {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        Files.writeString(directory.resolve("web.json"), "{\"name\": \"web\", ");
        assertThatThrownBy(store::list)
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo("damaged-record");
                            assertThat(e.getMessage()).contains("web.json");
                            assertThat(e.correction()).contains("remus status");
                        });
    }

    @Test
    void hugeFileIsNotRead() throws IOException {
        FileRecordStore store = new FileRecordStore(directory);
        Files.write(directory.resolve("web.json"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(store::list).hasMessageContaining("expected: <= 1048576");
    }

    @Test
    void removeForgets() {
        FileRecordStore store = new FileRecordStore(directory);
        store.put(RECORD);
        store.remove("web");
        store.remove("web");
        assertThat(store.list()).isEmpty();
    }

    @Test
    void namesCannotLeaveTheDirectory() {
        FileRecordStore store = new FileRecordStore(directory);
        assertThatThrownBy(() -> store.remove("../web"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
