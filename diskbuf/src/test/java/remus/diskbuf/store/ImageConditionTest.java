package remus.diskbuf.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import remus.diskbuf.DiskCopy;

/** What status says of the images of a {@link StoredDisks}. */
@Timeout(60)
final class ImageConditionTest {
    private static final StoreSettings SETTINGS = StoreSettings.defaults();

    @TempDir Path directory;

    private StoredDisks open() {
        DiskImageSpec disk = new DiskImageSpec("web1/data", directory.resolve("data.raw"), 1 << 20);
        return StoredDisks.open(directory.resolve("store"), List.of(disk), SETTINGS);
    }

    @Test
    void saysWhatTheImagesAreWorthFromTheFirstCopyToTheTakeover() {
        StoredDisks disks = open();
        assertThat(disks.condition().images()).isEqualTo("new");
        disks.beginSeed(7);
        assertThat(disks.condition().images()).isEqualTo("inconsistent");
        disks.commit(1);
        DiskCopy.Condition committed = disks.condition();
        assertThat(committed.images()).isEqualTo("consistent");
        assertThat(committed.journalSizeBytes()).isEqualTo(SETTINGS.journalBytes());
        assertThat(committed.journalBytes()).isBetween(0L, SETTINGS.journalBytes());
        disks.prepareActivation();
        assertThat(disks.condition().lagBytes()).isZero();
        disks.close();
        assertThat(disks.condition().images()).as("as they were left").isEqualTo("handed-over");
    }

    @Test
    void aCopyThatWasCutOffInPlaceIsWorthNothingInTheNextLifeToo() {
        try (StoredDisks disks = open()) {
            disks.beginSeed(7);
        }
        try (StoredDisks disks = open()) {
            assertThat(disks.condition().images()).isEqualTo("inconsistent");
        }
    }
}
