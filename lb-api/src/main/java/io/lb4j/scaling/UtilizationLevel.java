package io.lb4j.scaling;

/** Whether an instance or a service has too much to do, or too little. */
public enum UtilizationLevel {
    /** Little to do: the service could make do with fewer instances. */
    UNDERUTILIZED,
    /** Neither; also what is not known yet. */
    NORMAL,
    /** Too much to do: calls begin to wait. */
    OVERUTILIZED
}
