package remus.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import remus.protocol.wire.Hello;
import remus.protocol.wire.Refused;

class VersionsTest {
    private static Hello offer(int min, int max) {
        return Hello.newBuilder().setVersionMin(min).setVersionMax(max).build();
    }

    @ParameterizedTest
    @CsvSource({"4,5, 4,5, 5", "4,5, 5,6, 5", "4,5, 3,4, 4", "4,5, 1,255, 5", "1,1, 1,2, 1"})
    void speaksTheNewestThatBothKnow(int oldest, int newest, int min, int max, int agreed)
            throws PeerException {
        assertThat(new Versions(oldest, newest).negotiate(offer(min, max))).isEqualTo(agreed);
    }

    @ParameterizedTest
    @CsvSource({"4,5, 6,7", "4,5, 2,3", "4,5, 0,0", "4,5, 5,4", "1,1, -1,-1", "1,1, 0,1"})
    void refusesWhatItDoesNotSpeak(int oldest, int newest, int min, int max) {
        PeerException refusal =
                catchThrowableOfType(
                        PeerException.class,
                        () -> new Versions(oldest, newest).negotiate(offer(min, max)));
        Frame frame = refusal.toFrame();
        assertThat(frame.type()).isEqualTo(FrameType.REFUSED);
        Refused refused = frame.header(Refused.class);
        assertThat(refused.getCode()).isEqualTo("wrong-version");
        assertThat(refused.getProblem())
                .contains("offered: " + Integer.toUnsignedString(min))
                .contains("from " + oldest + " to " + newest);
        assertThat(refused.getCorrection()).isNotEmpty();
        assertThat(PeerException.of(refused).code()).isEqualTo("wrong-version");
    }

    @Test
    void holdsNoMoreThanTwoVersions() {
        assertThatThrownBy(() -> new Versions(1, 3)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void offersItsRange() {
        Hello hello = Versions.OURS.offer(Hello.newBuilder()).build();
        assertThat(hello.getVersionMin()).isEqualTo(1);
        assertThat(hello.getVersionMax()).isEqualTo(1);
    }
}
