/**
 * Instances that Consul knows, by blocking queries, and registration with a Consul agent. Health is Consul's word; what it
 * says of weights, zones and metadata is taken over.
 */
@NullMarked
package io.lb4j.discovery.consul;

import org.jspecify.annotations.NullMarked;
