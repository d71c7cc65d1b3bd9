package remus.domain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class DiskSelectionTest {
    @Test
    void eachDomainHearsOfItsOwnDisks() {
        DiskSelection group =
                new DiskSelection(List.of("web1/scratch", "web10/data", "db1/data"), true);
        assertThat(group.of("web1").leavesOut("scratch")).isTrue();
        assertThat(group.of("web1").leavesOut("data")).isFalse();
        assertThat(group.of("db1").leavesOut("data")).isTrue();
        assertThat(group.of("db1").leavesOut("scratch")).isFalse();
        assertThat(group.of("web1").copyMedia()).isTrue();
    }

    @Test
    void aNameAloneIsOfTheOnlyDomainAndAllIsEveryDisk() {
        assertThat(new DiskSelection(List.of("data"), false).of("web1").leavesOut("data")).isTrue();
        DiskSelection every = new DiskSelection(List.of("all"), false).of("/run/vm.sock");
        assertThat(every.leavesOut("data")).isTrue();
        DiskSelection one = new DiskSelection(List.of("web1/all"), false);
        assertThat(one.of("web1").leavesOut("data")).isTrue();
        assertThat(one.of("db1").leavesOut("data")).isFalse();
    }

    @Test
    void aDomainThatIsNamedByItsSocketHasDisksToo() {
        DiskSelection selection = new DiskSelection(List.of("/run/vm.sock/data"), false);
        assertThat(selection.of("/run/vm.sock").leavesOut("data")).isTrue();
    }
}
