"""Flask: pages, REST interface, command line, Celery composition."""
