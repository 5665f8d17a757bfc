/** Instances of services in Kubernetes, as their EndpointSlices list them. */
@NullMarked
package io.lb4j.discovery.kubernetes;

import org.jspecify.annotations.NullMarked;
