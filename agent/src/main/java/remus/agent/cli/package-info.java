/**
 * The command line. Its process lives for a fraction of a second, so it loads picocli, protobuf and
 * the JDK, and nothing of the daemon: no Netty, no Armeria, no logging.
 */
@NullMarked
package remus.agent.cli;

import org.jspecify.annotations.NullMarked;
