package remus.agent.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;

/**
 * Logging without a file to parse, found by logback through META-INF/services: one line per event
 * on stderr; a line break in what a peer sent does not make a second one.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    /** One line. */
    static final String PATTERN =
            "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} %replace(%msg){'[\\r"
                    + "\\n"
                    + "]+', ' / '}%n";

    @Override
    public ExecutionStatus configure(LoggerContext context) {
        PatternLayoutEncoder line = new PatternLayoutEncoder();
        line.setContext(context);
        line.setPattern(PATTERN);
        line.start();
        ConsoleAppender<ILoggingEvent> stderr = new ConsoleAppender<>();
        stderr.setContext(context);
        stderr.setTarget("System.err");
        stderr.setEncoder(line);
        stderr.start();
        context.getLogger("ROOT").addAppender(stderr);
        context.getLogger("ROOT").setLevel(Level.INFO);
        context.getLogger("io.netty").setLevel(Level.WARN);
        // it warns of each vain try to connect, with its stack; the session's state is logged by us
        context.getLogger("org.apache").setLevel(Level.ERROR);
        context.getLogger("com.linecorp.armeria").setLevel(Level.WARN);
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
