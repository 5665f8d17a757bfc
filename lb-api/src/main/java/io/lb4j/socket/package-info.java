/**
 * Connections and datagrams to a service, balanced by a {@link io.lb4j.balancer.LoadBalancer}: sockets, channels and UDP.
 * Nothing here looks into what is sent.
 */
@NullMarked
package io.lb4j.socket;

import org.jspecify.annotations.NullMarked;
