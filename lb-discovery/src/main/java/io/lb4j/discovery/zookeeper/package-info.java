/** Instances in ZooKeeper, in the layout of Curator's service discovery; registering there. */
@NullMarked
package io.lb4j.discovery.zookeeper;

import org.jspecify.annotations.NullMarked;
