package remus.domain.linux;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;

final class DirtyLogProbeIT {

    @Test
    void thisKernelReportsAWriteExactlyOnce() {
        assertThatCode(DirtyLogProbe::check).doesNotThrowAnyException();
    }
}
