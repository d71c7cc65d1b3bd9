package remus.domain.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class ProcessFilesTest {

    @Test
    void readsTheStartTimeBehindANameWithParenthesesAndSpaces() throws IOException {
        String tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assertThat(ProcessFiles.startTicks("42 (qemu) R (x))" + tail)).isEqualTo(4711);
    }

    @Test
    void refusesWhatIsNoStat() {
        for (String stat : new String[] {"", "42", "42 (x)", "42 (x) S 1 2"}) {
            assertThatThrownBy(() -> ProcessFiles.startTicks(stat)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void knowsThisProcess() throws IOException {
        long pid = ProcessHandle.current().pid();
        assertThat(ProcessFiles.pids()).contains(pid);
        assertThat(ProcessFiles.startTicks(pid)).isPositive();
        assertThat(ProcessFiles.arguments(pid).get(0)).contains("java");
    }
}
