package io.lb4j.okhttp;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The package arrows of docs/architecture.md, on every class that is published. It stands in this module because this
 * is the one that sees all of them.
 */
class ArchitectureTest {
    private static final String CONTRACTS = "io.lb4j";
    private static final String HEALTH = "io.lb4j.health..";
    private static final String RETRY = "io.lb4j.retry..";
    private static final String BALANCER = "io.lb4j.balancer..";
    private static final String AFFINITY = "io.lb4j.affinity..";
    private static final String SOCKET = "io.lb4j.socket..";
    private static final String SCALING = "io.lb4j.scaling..";
    private static final String INTERNAL = "io.lb4j.internal..";
    private static final String[] API = {CONTRACTS, HEALTH, RETRY, BALANCER, AFFINITY, SOCKET, SCALING, INTERNAL};
    private static final String STRATEGY = "io.lb4j.strategy..";
    private static final String DISCOVERY = "io.lb4j.discovery..";
    private static final String SERVER = "io.lb4j.server..";
    private static final String OKHTTP = "io.lb4j.okhttp..";
    private static final String[] TOOLS = {
        "io.lb4j.jmh..", "io.lb4j.simulator..", "io.lb4j.examples..", "io.lb4j.testing.."
    };

    private static JavaClasses published;

    @BeforeAll
    static void importPublished() {
        published = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("io.lb4j");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "io.lb4j",
                "io.lb4j.health",
                "io.lb4j.retry",
                "io.lb4j.balancer",
                "io.lb4j.affinity",
                "io.lb4j.socket",
                "io.lb4j.scaling",
                "io.lb4j.internal",
                "io.lb4j.strategy",
                "io.lb4j.strategy.decorator",
                "io.lb4j.discovery",
                "io.lb4j.discovery.internal",
                "io.lb4j.server",
                "io.lb4j.okhttp",
                "io.lb4j.okhttp.rules"
            })
    void importedClasses_everyPublishedPackage_hasSome(String name) {
        // A rule over no classes holds; so it is checked that there are some.
        assertThat(published.containPackage(name)).isTrue();
        assertThat(published.getPackage(name).getClasses()).isNotEmpty();
    }

    @Test
    void api_modulesAboveIt_areUnknownToIt() {
        check(noClasses()
                .that()
                .resideInAnyPackage(API)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(STRATEGY, DISCOVERY, SERVER, OKHTTP)
                .because("who writes a strategy needs lb-api alone"));
    }

    @Test
    void apiAndStrategies_transports_areUnknownToThem() {
        check(noClasses()
                .that()
                .resideInAnyPackage(CONTRACTS, HEALTH, RETRY, BALANCER, AFFINITY, SOCKET, SCALING, INTERNAL, STRATEGY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "okhttp3..", "okio..", "java.net.http..", "com.sun.net.httpserver..", "com.fasterxml..")
                .because("what is not HTTP can be balanced with lb-api and lb-strategies"));
    }

    @Test
    void guava_strategiesAlone_knowIt() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(STRATEGY)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.google.common..")
                .because("the class path of the others has it only by way of lb-strategies"));
    }

    @Test
    void resilience4j_apiAlone_knowsIt() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(API)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.github.resilience4j..")
                .because("the class path of the others has it only by way of lb-api"));
    }

    @Test
    void logging_nobody_goesPastSystemLogger() {
        check(noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.slf4j..", "java.util.logging..")
                .because("System.Logger goes wherever the application sends its logs"));
    }

    @Test
    void strategies_discoveryAndCaller_areUnknownToThem() {
        check(noClasses()
                .that()
                .resideInAPackage(STRATEGY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(DISCOVERY, SERVER, OKHTTP));
    }

    @Test
    void discovery_strategiesAndCaller_areUnknownToIt() {
        check(noClasses()
                .that()
                .resideInAPackage(DISCOVERY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(STRATEGY, OKHTTP));
    }

    @Test
    void server_callersSide_isUnknownToIt() {
        check(noClasses()
                .that()
                .resideInAPackage(SERVER)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(STRATEGY, DISCOVERY, OKHTTP, BALANCER, "okhttp3..")
                .because("a server that reports its load calls nobody for it"));
    }

    @Test
    void servletApi_serverAlone_knowsIt() {
        check(noClasses()
                .that()
                .resideOutsideOfPackage(SERVER)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jakarta.servlet..")
                .because("only who has a servlet container has it"));
    }

    @Test
    void rules_theClient_isUnknownToThem() {
        check(noClasses()
                .that()
                .resideInAPackage("io.lb4j.okhttp.rules")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.lb4j.okhttp")
                .because("rules can be read and tried without a client"));
    }

    @Test
    void published_toolsAndTests_areUnknownToIt() {
        check(noClasses()
                .that()
                .resideInAPackage("io.lb4j..")
                .and()
                .resideOutsideOfPackages(TOOLS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TOOLS));
    }

    @Test
    void contracts_whatIsBuiltOnThem_isUnknownToThem() {
        check(noClasses()
                .that()
                .resideInAPackage(CONTRACTS)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(HEALTH, RETRY, BALANCER, AFFINITY, SOCKET, SCALING));
    }

    @Test
    void engine_whatStandsBeforeIt_isUnknownToIt() {
        check(noClasses()
                .that()
                .resideInAPackage(BALANCER)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(AFFINITY, SOCKET, SCALING));
    }

    @Test
    void healthAndRetry_theEngine_isUnknownToThem() {
        check(noClasses()
                .that()
                .resideInAnyPackage(HEALTH, RETRY)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(BALANCER));
    }

    @Test
    void packages_amongThemselves_haveNoCycles() {
        check(slices().matching("io.lb4j.(**)").should().beFreeOfCycles());
    }

    private static void check(ArchRule rule) {
        rule.check(published);
    }
}
