package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FaultPlanTest {
    @Test
    void whatIsPrintedCanBeParsed() {
        for (long seed = 0; seed < 200; seed++) {
            FaultPlan plan = FaultPlan.of(new Random(seed));
            String text = plan.toString();
            FaultPlan again =
                    text.isEmpty() ? FaultPlan.parse() : FaultPlan.parse(text.split("\n", -1));
            assertThat(again).isEqualTo(plan);
        }
    }

    @Test
    void nonsenseIsRefused() {
        assertThatThrownBy(() -> FaultPlan.parse("sometimes kill something"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void oneSeedIsOneStory() {
        Simulation one = Simulation.of(42);
        Simulation other = Simulation.of(42);
        one.run();
        other.run();
        assertThat(one.world.story()).isEqualTo(other.world.story());
        assertThat(one.world.checker.packets).isEqualTo(other.world.checker.packets);
    }
}
