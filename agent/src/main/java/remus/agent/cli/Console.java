package remus.agent.cli;

import java.io.PrintStream;
import remus.domain.DomainException;

/**
 * Where the command speaks.
 *
 * @param out results
 * @param err errors and progress of a terminal
 * @param terminal whether a person watches {@code out}
 */
record Console(PrintStream out, PrintStream err, boolean terminal) {

    /** What was wrong, and what mends it. */
    void refuse(DomainException refused) {
        err.println(
                "error: "
                        + Table.clean(String.valueOf(refused.getMessage()))
                        + " ["
                        + refused.code()
                        + "]");
        err.println("fix: " + Table.clean(refused.correction()));
    }
}
