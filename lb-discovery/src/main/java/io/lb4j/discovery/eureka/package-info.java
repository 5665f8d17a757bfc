/** Instances in Eureka, and registration with it. */
@NullMarked
package io.lb4j.discovery.eureka;

import org.jspecify.annotations.NullMarked;
