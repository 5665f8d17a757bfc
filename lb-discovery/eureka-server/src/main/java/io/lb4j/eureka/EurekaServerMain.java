package io.lb4j.eureka;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/** Runs Spring Cloud's Eureka server, until whoever started it has gone. */
@SpringBootApplication(proxyBeanMethods = false)
@EnableEurekaServer
public class EurekaServerMain {
    public static void main(String[] arguments) {
        Thread parent = new Thread(EurekaServerMain::awaitParentsEnd, "parent");
        parent.setDaemon(true);
        parent.start();
        SpringApplication.run(EurekaServerMain.class, arguments);
    }

    private static void awaitParentsEnd() {
        try {
            while (System.in.read() >= 0) {
                // Nothing that it says matters.
            }
        } catch (IOException e) {
            // Gone as well.
        }
        Runtime.getRuntime().halt(0);
    }

    /** Basic authentication as Spring Security does it, without bringing all of that. */
    @Bean
    @ConditionalOnProperty("login")
    FilterRegistrationBean<Filter> login(Environment environment) {
        String login = environment.getRequiredProperty("login");
        String expected = "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
        FilterRegistrationBean<Filter> filter = new FilterRegistrationBean<>((request, response, chain) -> {
            if (expected.equals(((HttpServletRequest) request).getHeader("Authorization"))) {
                chain.doFilter(request, response);
            } else {
                ((HttpServletResponse) response).sendError(401);
            }
        });
        // Before Eureka, which is a filter itself.
        filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
        return filter;
    }
}
