/**
 * How busy the instances of a service are, and how many of them there should be. Built on the balancer's reports alone:
 * it decides nothing about calls, and starts and stops no server.
 */
@NullMarked
package io.lb4j.scaling;

import org.jspecify.annotations.NullMarked;
