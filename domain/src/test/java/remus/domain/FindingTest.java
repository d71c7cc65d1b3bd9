package remus.domain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class FindingTest {
    private static final Finding PASSED = Finding.pass("kernel", "it is new enough");

    @Test
    void whatDoesNotHoldIsRefusedWithAllThatMendsIt() {
        List<Finding> findings =
                List.of(
                        PASSED,
                        Finding.fail("vhost-net", "net0 uses vhost", "start it with vhost=off"),
                        Finding.fail("tpm", "it has a TPM", "remove the TPM"),
                        Finding.fail("vhost-net", "net1 uses vhost", "start it with vhost=off"));
        assertThatThrownBy(() -> Finding.require(findings))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo("vhost-net");
                            assertThat(e.correction())
                                    .isEqualTo("start it with vhost=off; remove the TPM");
                        })
                .hasMessage("net0 uses vhost; it has a TPM; net1 uses vhost");
        assertThatCode(() -> Finding.require(List.of(PASSED))).doesNotThrowAnyException();
    }
}
