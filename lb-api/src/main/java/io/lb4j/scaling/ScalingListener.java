package io.lb4j.scaling;

/**
 * Told of how busy a service is. Calls come one at a time, on the scheduler's thread, and must be quick. A listener that
 * throws is logged once and disturbs nobody. Every method does nothing by default.
 */
public interface ScalingListener {

    /** An interval ended. */
    default void onReport(ScalingReport report) {}

    /**
     * The service as a whole became over- or under-utilised, or is no longer.
     *
     * @param was its level before
     */
    default void onServiceLevel(ScalingReport report, UtilizationLevel was) {}

    /**
     * One instance became over- or under-utilised, or is no longer.
     *
     * @param was its level before
     */
    default void onInstanceLevel(String service, InstanceUtilization instance, UtilizationLevel was) {}

    /**
     * Another number of instances is desired than before; the first time, than there are.
     *
     * @param was the number before
     */
    default void onDesiredInstances(ScalingReport report, int was) {}
}
