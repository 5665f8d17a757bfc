/**
 * What every source of instances and every registration must do, tried on each with a real server. A new one adds a
 * subclass with its {@code RealSource} and is held to all of it.
 */
package io.lb4j.discovery.conformance;
