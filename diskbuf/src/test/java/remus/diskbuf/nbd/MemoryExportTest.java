package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import remus.domain.DomainException;

final class MemoryExportTest extends ExportContract {
    @Override
    Export open() {
        return new MemoryExport("m", BYTES);
    }

    @Override
    int granularity() {
        return MemoryExport.CHUNK_BYTES;
    }

    @Test
    void moreThanTheAddressesOfAProcessIsRefused() {
        assertThatThrownBy(() -> new MemoryExport("m", 1L << 60))
                .isInstanceOf(DomainException.class)
                .hasMessageContaining("disk of " + (1L << 60) + " bytes");
    }
}
