package remus.ha.witness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import remus.ha.witness.WitnessRecord.Mode;

final class WitnessRecordTest {
    private static final WitnessRecord FIRST =
            WitnessRecord.first(new UUID(1, 2).toString(), "a", 9);

    @Test
    void isReadAsItWasWritten() throws IOException {
        WitnessRecord next = FIRST.next(Mode.PROTECTED, "a", -5);
        assertThat(WitnessRecord.parse(next.toBytes())).isEqualTo(next);
        assertThat(next.term()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{",
                "[]",
                "{}",
                "{} {}",
                "{\"group\":\"x\",\"term\":1,\"mode\":\"ALONE\",\"owner\":\"a\"}",
                "{\"group\":\"1-2-3-4-5\",\"term\":1,\"mode\":\"ALONE\",\"owner\":\"a\"}",
                "{\"term\":1,\"mode\":\"ALONE\",\"owner\":\"a\"}",
                "{\"mode\":\"BOTH\"}"
            })
    void refusesWhatIsNoRecord(String text) {
        assertThatThrownBy(() -> WitnessRecord.parse(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IOException.class);
    }

    @Test
    void refusesTermsAndSizesOutOfBounds() {
        String old = new String(FIRST.toBytes(), StandardCharsets.UTF_8);
        String noTerm = old.replace("\"term\":1", "\"term\":0");
        assertThatThrownBy(() -> WitnessRecord.parse(noTerm.getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("term 0 (expected: > 0)");
        assertThatThrownBy(() -> WitnessRecord.parse(new byte[5000]))
                .hasMessageContaining("5000 bytes (expected: <= 4096)");
    }
}
