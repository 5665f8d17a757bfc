package io.lb4j.jmh.peers;

import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.Map;
import java.util.function.Function;

/**
 * A library this one is compared with.
 *
 * @param name as the benchmark's parameter {@code library}
 * @param picksAlone whether it can say who is next without counting a call as begun
 * @param policies what it can do, and who does it under a load
 */
record Peer(String name, boolean picksAlone, Map<Policy, Function<Load, PeerContender>> policies) {}
