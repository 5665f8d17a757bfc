package io.lb4j;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Asks an instance how busy it is, without giving it work: for strategies that go by what instances say of themselves
 * and can't wait for answers to calls. Thread-safe; must not block the calling thread, which is the balancer's only
 * one: start the probe and return.
 */
@FunctionalInterface
public interface LoadProbe {

    /**
     * Starts one probe.
     *
     * @param instance whom to ask
     * @param timeout when to give up; a later answer is of no use
     * @return the report; a stage that completes exceptionally, or a throw, means that the instance did not say
     */
    CompletionStage<LoadReport> probe(ServiceInstance instance, Duration timeout);
}
