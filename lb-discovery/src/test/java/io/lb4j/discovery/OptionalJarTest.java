package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What those are told who use a source without the library that it needs, which nobody inherits. */
class OptionalJarTest {
    private static URL url(String path) {
        try {
            return Path.of(path).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(path, e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "dns.DnsDiscovery, dnsjava, org.xbill.DNS.Message, dnsjava:dnsjava",
        "zookeeper.ZooKeeperDiscovery, curator-framework, org.apache.curator.framework.CuratorFramework, org.apache.curator:curator-framework",
        "zookeeper.ZooKeeperRegistrar, curator-framework, org.apache.curator.framework.CuratorFramework, org.apache.curator:curator-framework"
    })
    void source_withoutItsLibrary_saysWhatIsMissing(String source, String jars, String type, String artifact)
            throws Exception {
        URL[] without = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(path -> !Path.of(path).getFileName().toString().matches(jars + "-[0-9.]+\\.jar"))
                .map(OptionalJarTest::url)
                .toArray(URL[]::new);
        try (URLClassLoader loader = new URLClassLoader(without, ClassLoader.getPlatformClassLoader())) {
            Class<?> poor = loader.loadClass("io.lb4j.discovery." + source);

            Method of = Arrays.stream(poor.getMethods())
                    .filter(method -> method.getName().equals("of"))
                    .findFirst()
                    .orElseThrow();
            Object address = of.isVarArgs() ? new String[] {"127.0.0.1"} : "127.0.0.1";

            assertThatThrownBy(() -> of.invoke(null, address))
                    .isInstanceOf(InvocationTargetException.class)
                    .cause()
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(poor.getSimpleName() + ": " + type + " is missing (expected: the artifact " + artifact
                            + " on the path, which lb-discovery doesn't bring along)");
        }
    }
}
