package remus.ha;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StateMachineTest {
    private enum Light {
        RED,
        GREEN,
        BROKEN
    }

    private static final Reason ONE = new Reason("one", "first");
    private static final Reason TWO = new Reason("two", "second");

    private final List<String> heard = new ArrayList<>();
    private final StateMachine<Light> machine =
            new StateMachine<>(
                    "light",
                    new EnumMap<>(
                            Map.of(
                                    Light.RED, EnumSet.of(Light.GREEN),
                                    Light.GREEN, EnumSet.of(Light.RED, Light.BROKEN))),
                    Light.RED,
                    ONE,
                    1,
                    (from, to, now, reason) -> heard.add(from + ">" + to + " " + reason.code()));

    @Test
    void changesAlongTheTable() {
        machine.transition(Light.GREEN, 2, TWO);
        assertThat(machine.entry()).isEqualTo(new StateMachine.Entry<>(Light.GREEN, TWO, 2));
        assertThat(heard).containsExactly("RED>GREEN two");
    }

    @Test
    void refusesWhatIsNotInTheTable() {
        assertThatThrownBy(() -> machine.transition(Light.BROKEN, 2, TWO))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("light", "RED -> BROKEN", "two");
        assertThat(machine.state()).isEqualTo(Light.RED);
    }

    @Test
    void aStateWithoutARowIsFinal() {
        machine.transition(Light.GREEN, 2, ONE);
        machine.transition(Light.BROKEN, 3, ONE);
        assertThatThrownBy(() -> machine.transition(Light.RED, 4, ONE))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anotherReasonIsTold_theSameIsNot() {
        machine.transition(Light.RED, 2, ONE);
        assertThat(heard).isEmpty();
        assertThat(machine.entry().sinceNanos()).isEqualTo(1);
        machine.transition(Light.RED, 3, TWO);
        assertThat(heard).containsExactly("RED>RED two");
    }
}
