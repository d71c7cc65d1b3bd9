package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;

/** What tests need that tell one story of a simulated world each. */
abstract class SimStory {
    SimWorld world;

    void protect(Scenario scenario, String... faults) {
        world = new SimWorld(scenario, 1).protect().faults(FaultPlan.parse(faults));
    }

    void live(long millis) {
        world.run(millis);
        assertThat(world.checker.failure()).as(world.story()).isNull();
    }

    void operator(String what) {
        new SimFaults(world).operator(what);
    }

    SimGuest copy(int index) {
        return world.backup.guests.get("vm" + index);
    }
}
