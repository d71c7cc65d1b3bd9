package remus.domain.linux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ErrnoTest {

    @Test
    void keepsWhatADirectMappedCallLeft() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(DescriptorLibrary.close(-1)).isEqualTo(-1);
            assertThat(Errno.last()).isEqualTo(Errno.EBADF);
            assertThat(DescriptorLibrary.open("/nonexistent", DescriptorLibrary.OPEN_READ))
                    .isEqualTo(-1);
            assertThat(Errno.last()).isEqualTo(2);
        }
    }

    @Test
    void saysInWordsWhatANumberMeans() {
        assertThat(Errno.describe("pidfd_open", Errno.ESRCH))
                .isEqualTo("pidfd_open: no such process (errno 3)");
    }
}
