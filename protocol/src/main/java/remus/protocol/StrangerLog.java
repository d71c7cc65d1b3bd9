package remus.protocol;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs whom the server hung up on before it knew them: one line in {@value #SECONDS_A_LINE} s,
 * however many there are, so that nobody fills the log by connecting.
 */
final class StrangerLog {
    static final int SECONDS_A_LINE = 10;
    private static final int MAX_REASON = 300;
    private static final Logger LOG = LoggerFactory.getLogger(StrangerLog.class);

    private boolean logged;
    private long lastLine;
    private long untold;

    /** A connection was refused; any thread may say so. */
    synchronized void refused(String peer, PeerException why, long now) {
        if (logged && now - lastLine < TimeUnit.SECONDS.toNanos(SECONDS_A_LINE)) {
            untold++;
            return;
        }
        String reason = String.valueOf(why.getMessage());
        LOG.warn(
                "hung up on {}, which is no agent that is known here: {} ({}); untold since the"
                        + " last such line: {}",
                peer,
                reason.substring(0, Math.min(MAX_REASON, reason.length())),
                why.code(),
                untold);
        logged = true;
        lastLine = now;
        untold = 0;
    }
}
