/** The witness in ZooKeeper: its client, and a server for those who have no ensemble. */
@NullMarked
package remus.ha.zookeeper;

import org.jspecify.annotations.NullMarked;
