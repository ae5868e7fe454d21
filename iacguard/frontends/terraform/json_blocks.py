"""JSON syntax does not tell a nested block from a map argument: this table does.

In ``.tf.json`` files an object inside a resource is either (Terraform asks the provider's schema). A block is a
list of objects in the common vocabulary, a map argument is a map.
"""

from __future__ import annotations

from iacguard.model import REST, Value

#: Arguments of the AWS, Azure and Google providers whose value is a map. From the providers' documentation.
MAP_ARGUMENTS = frozenset(
    [
        "tags",
        "tags_all",
        "labels",
        "annotations",
        "variables",
        "metadata",
        "environment_variables",
        "secure_environment_variables",
        "default_tags",
        "parameters",
        "request_parameters",
        "response_parameters",
        "request_models",
        "response_models",
        "request_templates",
        "response_templates",
        "resource_labels",
        "user_labels",
        "effective_labels",
        "terraform_labels",
        "app_settings",
        "sticky_settings_names",
        "triggers",
        "keepers",
        "match_labels",
        "node_selector",
        "data",
        "binary_data",
        "string_data",
        "settings",
        "default_arguments",
        "non_overridable_arguments",
        "additional_options",
        "options",
        "connection_properties",
        "runtime_environment_variables",
        "build_environment_variables",
        "runtime_environment_secrets",
        "log_options",
        "driver_opts",
        "database_flags_map",
        "guest_attributes",
        "resource_manager_tags",
        "custom_properties",
        "headers",
        "header_parameters",
        "stage_variables",
        "authorizer_credentials",
        "context_variables",
        "secret_environment_variables",
        "env_vars",
        "propagated_tags",
        "volume_tags",
        "resource_tags",
        "target_tags_map",
        "additional_properties",
        "input",
        "json_properties",
    ]
)


def is_single_block(name: str) -> bool:
    """Whether an object that is the value of ``name`` is a block."""
    return name not in MAP_ARGUMENTS


def as_blocks(name: str, value: Value) -> Value:
    """The value of an argument in JSON syntax, with the objects that are blocks as lists of one."""
    if name in MAP_ARGUMENTS:
        return value
    if isinstance(value, dict) and REST not in value:
        return [_inside(value)]
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [_inside(item) if isinstance(item, dict) else item for item in value]
    return value


def _inside(value: dict[str, Value]) -> dict[str, Value]:
    return {key: as_blocks(key, item) for key, item in value.items() if item is not None}
