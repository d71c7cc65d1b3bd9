package remus.ha;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ConductorThreadTest {
    private final Mailbox mailbox = new Mailbox();
    private final AtomicBoolean done = new AtomicBoolean();

    private ConductorThread start() {
        return ConductorThread.start(
                "test",
                new DutyCycle() {
                    @Override
                    public long doWork(long now) {
                        mailbox.drain();
                        return Long.MAX_VALUE;
                    }

                    @Override
                    public boolean isDone() {
                        return done.get();
                    }
                },
                mailbox);
    }

    @Test
    void answersWhatIsAsked() throws Exception {
        start();
        assertThat(mailbox.ask(() -> "answer").get(5, TimeUnit.SECONDS)).isEqualTo("answer");
        mailbox.post(() -> done.set(true));
    }

    @Test
    void answersWhatIsAskedAfterItsEnd() throws Exception {
        ConductorThread conductor = start();
        mailbox.post(() -> done.set(true));
        assertThat(conductor.join(5000)).isTrue();
        assertThat(mailbox.ask(() -> "late").get(5, TimeUnit.SECONDS)).isEqualTo("late");
    }

    @Test
    void goesOnAfterAStepThatFailed() throws Exception {
        start();
        mailbox.post(
                () -> {
                    throw new IllegalStateException("a bug");
                });
        assertThat(mailbox.ask(() -> "on").get(5, TimeUnit.SECONDS)).isEqualTo("on");
        mailbox.post(() -> done.set(true));
    }
}
