package remus.backup;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import remus.domain.DomainException;
import remus.ha.Reason;

final class BackupReasonsTest {
    @Test
    void aCopyThatCannotBeKeptSaysWhyAndWhatMendsIt() {
        DomainException full = new DomainException("no-space", "the disk is full", "make room");
        assertThat(BackupReasons.spoiled(full))
                .isEqualTo(
                        new Reason(
                                "no-space",
                                "the copy cannot be kept: the disk is full",
                                "make room"));
    }

    @Test
    void aBugIsNoDomainsFault() {
        Reason why = BackupReasons.spoiled(new IllegalStateException("never thought of"));
        assertThat(why.code()).isEqualTo("copy-spoiled");
        assertThat(why.sentence()).endsWith("never thought of");
    }
}
